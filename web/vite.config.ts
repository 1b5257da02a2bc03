// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources against a running server: IMPRINT_URL=https://127.0.0.1:8443 npm run dev
const server = process.env.IMPRINT_URL ?? "https://127.0.0.1:8443";

export default defineConfig({
  base: "/ui/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    sourcemap: false,
    // Everything is a file from the server itself: the content security policy permits no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*_test.ts"], environment: "node" },
  server: {
    // Requests for anything but the dashboard go to the server, whose certificate is from its own CA.
    proxy: { "^/(?!ui/(?!session))": { target: server, secure: false, changeOrigin: true } },
  },
});
