// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

// `npm run dev` shows the sources against a server that runs: IMPRINT_URL=https://127.0.0.1:8443 npm run dev
const server = process.env.IMPRINT_URL ?? "https://127.0.0.1:8443";

export default defineConfig({
  base: "/ui/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    sourcemap: false,
    // Everything from our own server as a file: the content security policy knows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*_test.ts"], environment: "node" },
  server: {
    // What is not the dashboard itself goes to the server; its certificate is its own CA's.
    proxy: { "^/(?!ui/(?!session))": { target: server, secure: false, changeOrigin: true } },
  },
});
