import { render } from "preact";
import { createApp } from "./call/app";
import { browserEnv } from "./call/env";
import { App } from "./ui/app";

const named = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="incamera-${name}"]`)?.content ?? "";
const root = document.getElementById("app");
const env = browserEnv({
  crypto: named("worker"),
  record: named("record"),
  blur: named("blur"),
});
// The operators' page is a script of its own: nobody else loads it.
if (root && location.pathname === "/admin")
  void import("./ui/admin").then(({ showAdmin }) => showAdmin(env, root));
else if (root) render(<App model={createApp(env)} />, root);
