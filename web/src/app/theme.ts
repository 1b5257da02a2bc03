// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "light" | "dark";
const kKey = "imprint-theme";
const kChanged = "imprint-theme-changed";

function stored(): Theme {
  try {
    const theme = localStorage.getItem(kKey);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";  // a browser that keeps nothing
  }
}

const kDark = window.matchMedia("(prefers-color-scheme: dark)");

/** From now on the page has the colours that were chosen, or those of the system as that changes. */
export function followTheme(): void {
  apply(stored());
  kDark.addEventListener("change", () => apply(stored()));
}

/** Named light or dark always: the style sheet has each once. */
function apply(theme: Theme): void {
  const isDark = theme === "system" ? kDark.matches : theme === "dark";
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  window.dispatchEvent(new Event(kChanged));
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(stored);
  return [
    theme,
    (next) => {
      try {
        localStorage.setItem(kKey, next);
      } catch {
        // It holds for this page, then.
      }
      apply(next);
      setTheme(next);
    },
  ];
}

/** Changes whenever colours do, by choice or with the system: what is drawn on a canvas is drawn again. */
export function useColours(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = (): void => setVersion((n) => n + 1);
    window.addEventListener(kChanged, changed);
    return () => window.removeEventListener(kChanged, changed);
  }, []);
  return version;
}
