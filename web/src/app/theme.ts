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

export function applyTheme(theme: Theme = stored()): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
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
      applyTheme(next);
      setTheme(next);
      window.dispatchEvent(new Event(kChanged));
    },
  ];
}

/** Changes whenever colours do, by choice or with the system: what is drawn on a canvas is drawn again. */
export function useColours(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = (): void => setVersion((n) => n + 1);
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    window.addEventListener(kChanged, changed);
    system.addEventListener("change", changed);
    return () => {
      window.removeEventListener(kChanged, changed);
      system.removeEventListener("change", changed);
    };
  }, []);
  return version;
}
