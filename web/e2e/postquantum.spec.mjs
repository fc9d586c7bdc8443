// A post-quantum meeting: Chromium, Firefox and the Go participant.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { linkOf } from "./lib/host.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { startPeer, startServer } from "./lib/server.mjs";

const SUITE = "X-Wing (ML-KEM-768 and X25519)";

describe("a post-quantum meeting", { timeout: 240_000 }, () => {
  let server;
  let chromium;
  let firefox;
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  /** Makes a meeting, and returns its link and the scripts that the worker fetched until it ran. */
  async function make(person, quantum) {
    await person.goto(server.url);
    if (quantum) {
      await person.page.getByText("More security options").click();
      await person.page.getByRole("checkbox", { name: "Post-quantum keys" }).check();
    }
    await person.press("New meeting");
    await eventually(`${person.name} is at the device check`, () =>
      person.evaluate(() => /Join/.test(document.body.innerText)),
    );
    await person.type("Your name", person.name);
    await person.press("Join");
    await person.sees("Sealed");
    await person.press("People");
    const link = await linkOf(person);
    await person.press("People");
    const fetched = await Promise.all(
      person.page
        .workers()
        .map((w) => w.evaluate(() => performance.getEntriesByType("resource").map((e) => e.name))),
    );
    return { link, scripts: fetched.flat().map((url) => new URL(url).pathname) };
  }

  it("is sealed between both browsers and the Go participant, and says so", async () => {
    const ann = await chromium.person("Ann", "red");
    const cleo = await firefox.person("Cleo", "blue");
    const { link, scripts } = await make(ann, true);
    assert.ok(
      scripts.some((s) => s.startsWith("/assets/xwing-")),
      `scripts: ${scripts}`,
    );
    await cleo.join(link);
    await Promise.all([ann.seesFace("Cleo", "blue"), cleo.seesFace("Ann", "red")]);
    const peer = startPeer(link, { name: "Field office", args: ["--say", "Greetings"] });
    try {
      for (const p of [ann, cleo])
        await eventually(
          `${p.name} sees the Field office`,
          async () => (await p.tileOf("Field office"))?.rgb,
        );
      await ann.press("Chat");
      await ann.sees("Greetings");
      for (const p of [ann, cleo]) {
        await p.press("Security");
        await p.sees(SUITE);
        await p.sees("What is recorded today stays sealed for them.");
      }
      const report = await peer.report();
      for (const name of ["Ann", "Cleo"])
        for (const source of ["camera", "mic"])
          assert.ok(
            report.received.some((s) => s.name === name && s.source === source && s.frames > 0),
            `the peer opened nothing of ${name}'s ${source}`,
          );
    } finally {
      await peer.kill();
    }
    await Promise.all([ann.close(), cleo.close()]);
  });

  it("costs other meetings nothing: they do not load its script", async () => {
    const ann = await chromium.person("Ann", "red");
    const { scripts } = await make(ann, false);
    assert.deepEqual(scripts, []);
    await ann.press("Security");
    await ann.sees("MLS with X25519");
    await ann.close();
  });
});
