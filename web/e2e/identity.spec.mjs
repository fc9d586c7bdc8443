// Who is who: numbers that were compared are remembered, and a name on another device is not taken for the person.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

describe("who is who", { timeout: 120_000 }, () => {
  let server;
  let chromium;
  let link;
  let ann;
  let ben;
  before(async () => {
    server = await startServer();
    chromium = await openChromium();
    link = await newRoom(server.url, "Who");
    ann = await chromium.person("Ann", "red");
    ben = await chromium.person("Ben", "green");
    await ann.join(link);
    await ben.join(link);
  });
  after(async () => {
    await chromium?.close();
    await server?.stop();
  });

  it("remembers, also after a reload, that the numbers were compared", async () => {
    await ann.press("Security");
    await ann.press("Everyone sees the same");
    await ann.sees("Compared with everyone here.");
    assert.equal((await ben.text()).includes("numbers compared"), false, "it is Ann's alone");
    await ann.page.reload();
    await eventually("Ann is back", () => ann.has("Leave"));
    await ann.press("Security");
    await ann.sees("numbers compared");
  });

  it("warns of a second person with the name of one who is here", async () => {
    const other = await chromium.person("Веn", "blue"); // two Cyrillic letters
    await other.join(link);
    await ann.sees("has a name that another person here has, too");
    assert.match(await ann.text(), /Compare again: 1 of 2 is new to you/);
    await other.press("Leave");
    await eventually(
      "the warning has gone with him",
      async () => !(await ann.text()).includes("Compare again"),
    );
    await other.close();
  });

  it("warns of a known name on a new device when its owner is away", async () => {
    await ben.press("Leave");
    await ann.sees("Ben left");
    const other = await chromium.person("ben", "blue");
    await other.join(link);
    await ann.sees("a new device: you met this name with another one");
    await ann.press("Compare numbers"); // of the notice, which goes with it
    await ann.press("Everyone sees the same");
    await eventually(
      "verified, he is known",
      async () => !(await ann.text()).includes("you met this name with another one"),
    );
    assert.deepEqual(await ann.errors(), []);
    await other.close();
  });
});
