// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { App } from "./app/app";
import { applyTheme } from "./app/theme";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";

applyTheme();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
