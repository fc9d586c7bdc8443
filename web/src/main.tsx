import { render } from "preact";
import { createApp } from "./call/app";
import { browserEnv } from "./call/env";
import { App } from "./ui/app";

const worker =
  document.querySelector<HTMLMetaElement>('meta[name="incamera-worker"]')?.content ?? "";
const root = document.getElementById("app");
if (root) render(<App model={createApp(browserEnv(worker))} />, root);
