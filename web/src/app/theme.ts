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
    return "system";  // the browser stores nothing
  }
}

const kDark = window.matchMedia("(prefers-color-scheme: dark)");

/** Applies the chosen colours, or those of the system, following its changes. */
export function followTheme(): void {
  apply(stored());
  kDark.addEventListener("change", () => apply(stored()));
}

/** Always set to light or dark, so that the style sheet needs each only once. */
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
        // Then the choice applies only until the page is reloaded.
      }
      apply(next);
      setTheme(next);
    },
  ];
}

/** Changes whenever the colours do, so that canvases are redrawn. */
export function useColours(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = (): void => setVersion((n) => n + 1);
    window.addEventListener(kChanged, changed);
    return () => window.removeEventListener(kChanged, changed);
  }, []);
  return version;
}
