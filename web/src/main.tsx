import { render } from "preact";
import { createApp } from "./call/app";
import { loadBrand } from "./call/brand";
import { browserEnv } from "./call/env";
import { App } from "./ui/app";
import { drawApart, pause } from "./ui/draw";
import { typedIn } from "./ui/typed";

drawApart();
const named = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="incamera-${name}"]`)?.content ?? "";
/** In tasks of its own, as together they would keep the page from hearing anybody for too long. */
async function show(root: HTMLElement): Promise<void> {
  await pause();
  const model = createApp(env);
  await pause();
  // The page came with its first screen: that becomes the app's.
  const retype = typedIn(root);
  render(<App model={model} />, root);
  retype();
}

const root = document.getElementById("app");
const env = browserEnv({
  crypto: named("worker"),
  record: named("record"),
  blur: named("blur"),
});
void loadBrand(async (path) => (await fetch(path, { credentials: "omit" })).text());
// The operators' page and the connection test are scripts of their own: nobody else loads them.
if (root && location.pathname === "/admin")
  void import("./ui/admin").then(({ showAdmin }) => showAdmin(env, root));
else if (root && location.pathname === "/test")
  void import("./ui/probe").then(({ showProbe }) => showProbe(env, root));
else if (root) void show(root);
