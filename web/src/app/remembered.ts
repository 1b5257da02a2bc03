// SPDX-License-Identifier: Apache-2.0
// What an entry of the browser's history keeps besides its address, so that the way back leads to where one was.

interface Remembered {
  /** By list, the tokens that lead to the page of it that is shown. */
  tokens?: Record<string, string[]>;
  /** How far down the page was read. */
  scroll?: number;
}

export function remembered(): Remembered {
  return (history.state ?? {}) as Remembered;
}

export function remember(more: Remembered): void {
  history.replaceState({ ...remembered(), ...more }, "");
}
