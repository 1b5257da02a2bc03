// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { App } from "./app/app";
import { followTheme } from "./app/theme";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";

followTheme();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
