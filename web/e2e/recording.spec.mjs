// Recording: everybody is told and sees it; the file is sealed, outlives a crash of the tab, and opens.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { files, played, recordings, sheet, toggle } from "./lib/features.mjs";
import { eventually, looks, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, root, startServer } from "./lib/server.mjs";

const words = "four quiet words here";

/** Waits until the bar of each of these people says that somebody records. */
const told = (name, ...people) =>
  Promise.all(
    people.map((p) =>
      eventually(`${p.name} is told that ${name} records`, () =>
        p.evaluate((n) => {
          const said = document.querySelector(".recording-chip")?.textContent ?? "";
          return said.includes(n) && said;
        }, name),
      ),
    ),
  );

describe("recording", { timeout: 150_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann;
  let ben;
  let cleo;
  let link;
  let folder;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "incamera-recording-"));
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "Recorded");
    [ann, ben, cleo] = await Promise.all([
      chromium.person("Ann", "red"),
      chromium.person("Ben", "green"),
      firefox.person("Cleo", "purple"),
    ]);
    await ben.join(link);
    await Promise.all([ann.join(link), cleo.join(link)]);
    await Promise.all([ben.seesFace("Cleo", "purple"), cleo.seesFace("Ann", "red")]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is seen by all", async () => {
    await sheet(ben, "Record…", "Record this meeting");
    await ben.type("Passphrase", words);
    await ben.press("Tell everybody and record");
    await Promise.all([told("Ben", ann, cleo), told("You are", ben)]);
  });

  it("is sealed on the disk, outlives a crash of the tab, is offered again and opens", async () => {
    const size = async () => (await files(ben))[0]?.size ?? 0;
    const first = await eventually("something is written", size);
    await eventually("more is written", async () => (await size()) > first + 20_000);
    assert.deepEqual(await ben.errors(), []);
    // Without a word of farewell: no handler of the page runs.
    const session = await ben.context.newCDPSession(ben.page);
    const page = await ben.context.newPage();
    void session.send("Page.crash").catch(() => {});
    ben.page = page;
    await ben.goto(server.url);
    await ben.sees("Recordings in this browser");
    await ben.sees("sealed");
    const [{ name, data }] = await recordings(ben);
    const sealed = join(folder, name);
    writeFileSync(sealed, Buffer.from(data, "base64"));
    assert.ok(!readFileSync(sealed).includes("webm"), "it is not sealed");
    const open = (input) =>
      spawnSync(`${root}bin/incamera-peer`, ["open-recording", sealed], {
        input,
        encoding: "utf8",
      });
    assert.match(open("four quiet words").stderr, /wrong/);
    assert.match(open(`${words}\n`).stderr, /cut short/);
    const video = readFileSync(sealed.replace(/\.sealed$/, "")).toString("base64");
    const film = await played(ben, video, { listen: true });
    assert.equal(film.width, 1280);
    assert.ok(film.loudest > 0.01, `it is silent: ${film.loudest}`);
    for (const look of ["red", "green", "purple"])
      assert.ok(film.shows(looks[look].colour), `no ${look} in it`);
    await ben.press("Delete");
    await ben.press("Really delete");
    await eventually("it is gone", async () => (await files(ben)).length === 0);
    await eventually(
      "no recordings are offered",
      async () => !(await ben.text()).includes("Recordings in this browser"),
    );
  });

  it("is told to who comes later, by Firefox", async () => {
    await sheet(cleo, "Record…", "Record this meeting");
    await toggle(cleo, "Seal it with a passphrase");
    await cleo.press("Tell everybody and record");
    await Promise.all([told("Cleo", ann), told("You are", cleo)]);
    const dora = await chromium.person("Dora", "blue");
    await dora.join(link);
    await told("Cleo", dora);
    assert.deepEqual(await dora.errors(), []);
    await dora.close();
  });

  it("is a plain film by choice, of all who are in the meeting with Firefox, and at its end told to be over", async () => {
    const size = async () => (await files(cleo))[0]?.size ?? 0;
    const first = await eventually("something is written", size);
    await eventually("more is written", async () => (await size()) > first + 20_000);
    await cleo.press("More");
    await cleo.press("Stop recording");
    await cleo.sees("The recording is in this browser only.");
    for (const person of [ann, cleo])
      await eventually(`nothing is recorded any more, ${person.name} reads`, () =>
        person.evaluate(() => document.querySelector(".recording-chip") === null),
      );
    const [{ name, data }] = await recordings(cleo);
    assert.match(name, /\.webm$/);
    const film = await played(ann, data); // its sound is not asked for: Firefox has none where there is no sound card
    for (const look of ["red", "purple"])
      assert.ok(film.shows(looks[look].colour), `no ${look} in it`);
  });

  it("met no error", async () => {
    for (const person of [ann, cleo]) assert.deepEqual(await person.errors(), []);
  });
});
