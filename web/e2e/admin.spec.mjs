// The operators' page of a closed server: who may make meetings, and which there are.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { violations } from "./lib/axe.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { startServer } from "./lib/server.mjs";

describe("the operators' page", { timeout: 180_000 }, () => {
  let dir;
  let server;
  let chromium;
  let firefox;
  let operator;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "incamera-admin-"));
    server = await startServer({ args: ["--behind-proxy", "--data", dir] });
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    operator = await chromium.person("Ola", "red");
  });
  after(async () => {
    await Promise.all([chromium?.close(), firefox?.close()]);
    await server?.stop();
    if (dir) rmSync(dir, { recursive: true });
  });

  it("is closed to who does not run the server", async () => {
    const stranger = await firefox.person("Sam", "blue");
    await stranger.goto(`${server.url}/admin`);
    await stranger.sees("This page is for who runs the server");
    assert(!(await stranger.text()).includes("Who may make meetings\n"));
    await stranger.close();
  });

  it("makes invites, with which others make meetings, and ends meetings for good", async () => {
    const [link] = server.printed().match(/https?:\/\/\S+#admin=\S+/) ?? [];
    await operator.goto(link);
    await operator.sees("This browser may make meetings here from now on.");
    await operator.page.getByRole("link", { name: "Run this server" }).click();
    await operator.sees("Meetings now");
    await operator.press("Make the invite");
    await operator.sees("Its link is shown once");
    const invite = await operator.evaluate(() => document.querySelector("input[readonly]").value);

    const guest = await firefox.person("Gil", "green");
    await guest.goto(invite);
    await guest.press("New meeting");
    await guest.type("Your name", "Gil");
    await guest.press("Join");
    await eventually("Gil is in", () => guest.has("Leave"));
    await operator.sees("1 person");

    assert.deepEqual(await violations(operator.page), []);
    const out = fileURLToPath(new URL("out/", import.meta.url));
    mkdirSync(out, { recursive: true });
    await operator.page.screenshot({ path: join(out, "admin.png"), fullPage: true });

    await operator.page.getByRole("button", { name: /^End meeting/ }).click();
    await operator.press("End it for everybody");
    await guest.sees("The meeting was ended");
    await operator.sees("There is none.");
    await guest.press("Back to the start");
    await guest.close();
  });
});
