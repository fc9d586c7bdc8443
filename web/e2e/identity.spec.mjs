// Who is who: numbers that were compared are remembered, and a name on another device is not taken for the person.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

describe("who is who", { timeout: 120_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let link;
  let ann;
  let ben;
  let cleo; // in Firefox
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "Who");
    ann = await chromium.person("Ann", "red");
    ben = await chromium.person("Ben", "green");
    cleo = await firefox.person("Cleo", "purple");
    for (const p of [ann, ben, cleo]) await p.join(link);
    for (const p of [ann, ben, cleo]) await p.sees("3 people");
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  it("remembers, also after a reload, that the numbers were compared", async () => {
    for (const p of [ann, cleo]) {
      await p.press("Security");
      await p.press("Everyone sees the same");
      await p.sees("Compared with everyone here.");
      assert.equal(
        (await ben.text()).includes("numbers compared"),
        false,
        `it is ${p.name}'s alone`,
      );
      // At once: no socket of his has to be missed first.
      await Promise.all([ben.sees(`${p.name} left`), p.page.reload()]);
      await eventually(`${p.name} is back`, () => p.has("Leave"), { timeout: 30_000 });
      await p.press("Security");
      await p.sees("numbers compared");
    }
  });

  it("warns of a second person with the name of one who is here", async () => {
    const other = await chromium.person("Веn", "blue"); // two Cyrillic letters
    await other.join(link);
    for (const p of [ann, cleo]) {
      await p.sees("has a name that another person here has, too");
      await p.sees("Compare again: 1 of 3 is new to you");
    }
    await other.press("Leave");
    for (const p of [ann, cleo])
      await eventually(
        `the warnings of ${p.name} have gone with him`,
        async () => !/Compare again|has a name that another/.test(await p.text()),
      );
    await other.close();
  });

  it("warns of a known name on a new device when its owner is away", async () => {
    await ben.press("Leave");
    await ann.sees("Ben left");
    const other = await chromium.person("ben", "blue");
    await other.join(link);
    for (const p of [ann, cleo]) {
      await p.sees("a new device: you met this name with another one");
      await p.press("Compare numbers"); // of the notice, which goes with it
      await p.press("Everyone sees the same");
      await eventually(
        `verified, he is known to ${p.name}`,
        async () => !(await p.text()).includes("you met this name with another one"),
      );
      assert.deepEqual(await p.errors(), []);
    }
    await other.close();
  });
});
