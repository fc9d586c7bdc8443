// Walks a new person through a whole meeting and takes a picture at each step, into out/walk/: for looking. node e2e/walk.mjs
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventually, openChromium } from "./lib/people.mjs";
import { startServer } from "./lib/server.mjs";

const out = fileURLToPath(new URL("out/walk/", import.meta.url));
mkdirSync(out, { recursive: true });
const server = await startServer();
const chromium = await openChromium();
let n = 0;
const look = async (person, what) => {
  await person.evaluate(() => new Promise((ok) => setTimeout(ok, 400)));
  await person.page.screenshot({ path: `${out}${String(++n).padStart(2, "0")}-${what}.png` });
};
try {
  const context = {
    viewport: { width: 1280, height: 800 },
  };
  const phone = {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 2,
  };
  const ann = await chromium.person("Ann", "red", { context, somebody: true });
  const ben = await chromium.person("Ben", "green", { context: phone, somebody: true });
  await ann.goto(server.url);
  await look(ann, "landing");
  await ann.press("New meeting");
  await eventually("the check", () =>
    ann.evaluate(
      () => document.querySelector("input") !== null && /Join/.test(document.body.innerText),
    ),
  );
  await look(ann, "check");
  await ann.type("Your name", "Ann");
  await ann.press("Join");
  await eventually("Ann is in", () => ann.has("Leave"));
  await eventually("Ann is founded", async () => (await ann.text()).includes("Sealed"));
  await look(ann, "alone");
  await ann.evaluate(() => {
    navigator.clipboard.writeText = async (text) => {
      window.__copied = text;
    };
  });
  await ann.press("Copy invitation link");
  await look(ann, "copied");
  const link = await ann.evaluate(() => window.__copied);
  await ben.goto(link);
  await eventually("the check", () =>
    ben.evaluate(
      () => document.querySelector("input") !== null && /Join/.test(document.body.innerText),
    ),
  );
  await look(ben, "phone-check");
  await ben.type("Your name", "Ben");
  await ben.press("Join");
  await eventually("Ben has asked", () => ben.has("Leave"));
  await look(ben, "phone-waiting");
  await look(ann, "somebody-waits");
  const admit = ann.page.getByRole("button", { name: /^Admit/ }).first();
  if (await admit.isVisible().catch(() => false)) await admit.click();
  await eventually("Ann sees Ben", async () => (await ann.tileOf("Ben"))?.state === "on", {
    timeout: 40_000,
  });
  await look(ann, "two");
  await look(ben, "phone-two");
  await ann.press("Share screen");
  await eventually(
    "Ben sees the screen",
    async () => (await ben.tileOf("Ann", "screen"))?.state === "on",
  );
  await look(ann, "sharing");
  await look(ben, "phone-shared");
  await ben.press("Chat");
  await ben.type("Message", "Good morning!");
  await ben.page.keyboard.press("Enter");
  await look(ben, "phone-chat");
  await look(ann, "unread");
  await ann.press("Chat");
  await look(ann, "chat");
  await ann.press("Security");
  await look(ann, "security");
  await ben.press("More");
  await ben.press("Security");
  await look(ben, "phone-security");
  await ann.press("Leave");
  await look(ann, "left");
  await look(ben, "phone-alone");
} finally {
  await chromium.close();
  await server.stop();
}
