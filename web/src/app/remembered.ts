// SPDX-License-Identifier: Apache-2.0
// State that an entry of the browser's history stores besides its address, so that Back restores the position.

interface Remembered {
  /** By list, the tokens that lead to the page shown. */
  tokens?: Record<string, string[]>;
  /** The scroll position. */
  scroll?: number;
}

export function remembered(): Remembered {
  return (history.state ?? {}) as Remembered;
}

export function remember(more: Remembered): void {
  history.replaceState({ ...remembered(), ...more }, "");
}
