// Files and words for one person, between browsers: whole and unaltered for those they are for, nothing of them for the server.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { find, findInMemory, findOnDisk } from "./lib/search.mjs";
import { newRoom, startServer } from "./lib/server.mjs";
import { startTap } from "./lib/tap.mjs";

const phrases = {
  content: "the otter keeps the second ledger",
  name: "quarterly-otter-report.txt",
  alone: "meet me by the north door",
};
const SIZE = 400_000;

/** Files as a person would choose them: through the composer's own field. */
const choose = (person, name, type, make) =>
  person.evaluate(
    ({ fileName, fileType, phrase, size }) => {
      const text = `${phrase}\n`.repeat(Math.ceil(size / (phrase.length + 1))).slice(0, size);
      const data = new DataTransfer();
      data.items.add(new File([text], fileName, { type: fileType }));
      const input = document.querySelector(".compose input[type=file]");
      input.files = data.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    { fileName: name, fileType: type, ...make },
  );

/** Notes what the page hands to the browser to keep. */
const watchSaving = (person) =>
  person.evaluate(() => {
    window.__saved = [];
    // The page's policy lets nobody fetch such an address: what it stands for is noted when it is made.
    const blobs = new Map();
    const make = URL.createObjectURL;
    URL.createObjectURL = (b) => {
      const url = make(b);
      blobs.set(url, b);
      return url;
    };
    HTMLAnchorElement.prototype.click = function () {
      const { href, download } = this;
      const b = blobs.get(href);
      void b?.text().then((text) => {
        window.__saved.push({ download, type: b.type, size: b.size, text });
      });
    };
  });
const saved = (person) =>
  eventually(`${person.name} has saved it`, () => person.evaluate(() => window.__saved.at(-1)));

const writeTo = (person, name) =>
  person.evaluate((wanted) => {
    const select = document.querySelector(".compose select");
    select.value = [...select.options].find((o) => o.text === wanted).value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }, name);

describe("files", { timeout: 180_000 }, () => {
  let home;
  let server;
  let tap;
  let browsers = [];
  let ann;
  let ben;
  let cleo;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), "incamera-files-"));
    server = await startServer({ env: { HOME: home, TMPDIR: home } });
    tap = await startTap(server);
    browsers = await Promise.all([openChromium(), openFirefox()]);
    const link = await newRoom(tap.url, "Files");
    ann = await browsers[0].person("Ann", "red");
    cleo = await browsers[0].person("Cleo", "blue");
    ben = await browsers[1].person("Ben", "green");
    for (const p of [ann, cleo, ben]) {
      await p.join(link);
      await p.press("Chat");
      await watchSaving(p);
    }
    await eventually("all three are there", async () =>
      (
        await Promise.all(
          [ann, cleo, ben].map((p) =>
            p.evaluate(() => document.querySelectorAll(".compose option").length),
          ),
        )
      ).every((n) => n === 3),
    );
  });
  after(async () => {
    await Promise.all(browsers.map((b) => b.close()));
    await tap?.stop();
    await server?.stop();
    if (home) rmSync(home, { recursive: true });
  });

  it("come from Chromium to Firefox and back, whole", async () => {
    for (const [from, to, name] of [
      [ann, ben, phrases.name],
      [ben, ann, "back.bin"],
    ]) {
      await choose(from, name, "text/plain", { phrase: phrases.content, size: SIZE });
      await to.press(`Fetch: ${name}`, { timeout: 30_000 });
      await to.press(`Save: ${name}`, { timeout: 30_000 });
      const got = await saved(to);
      assert.deepEqual(
        [got.download, got.type, got.size],
        [name, "application/octet-stream", SIZE],
      );
      const want = `${phrases.content}\n`.repeat(SIZE).slice(0, SIZE);
      assert.ok(got.text === want, "other bytes came out");
    }
  });

  it("are in no byte that the server received, not in its memory, not on its disk", () => {
    const bytes = tap.received();
    assert.ok(bytes.length > 2 * SIZE, `the tap saw ${bytes.length} bytes only`);
    const { content, name } = phrases;
    assert.deepEqual(find(bytes, { content, name }), []);
    assert.deepEqual(findInMemory(server.pid, { content, name }).hits, []);
    assert.deepEqual(findOnDisk(home, { content, name }).hits, []);
    // What it keeps has no name: it is looked at through the process itself.
    const kept = readdirSync(`/proc/${server.pid}/fd`)
      .map((fd) => `/proc/${server.pid}/fd/${fd}`)
      .filter((fd) => readlinkSync(fd).startsWith(`${home}/incamera-`));
    assert.equal(kept.length, 2);
    for (const fd of kept) {
      assert.match(readlinkSync(fd), / \(deleted\)$/);
      const sealed = readFileSync(fd);
      assert.ok(sealed.length > SIZE);
      assert.deepEqual(find(sealed, { content, name }), []);
    }
  });

  it("are sent when they are dropped where one writes", async () => {
    await ann.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(["dropped"], "dropped.txt"));
      document
        .querySelector(".compose")
        .dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: data }));
    });
    await cleo.press("Fetch: dropped.txt", { timeout: 30_000 });
    await cleo.press("Save: dropped.txt", { timeout: 30_000 });
    assert.equal((await saved(cleo)).text, "dropped");
  });

  it("are shown after a click when they are pictures, and drawings that could run code never", async () => {
    await ann.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
      canvas.getContext("2d").fillRect(0, 0, 40, 30);
      const png = await new Promise((r) => canvas.toBlob(r));
      const data = new DataTransfer();
      data.items.add(new File([png], "dot.png", { type: "image/png" }));
      const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>';
      data.items.add(new File([svg], "dot.svg", { type: "image/svg+xml" }));
      const input = document.querySelector(".compose input[type=file]");
      input.files = data.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    for (const name of ["dot.png", "dot.svg"]) {
      await ben.press(`Fetch: ${name}`, { timeout: 30_000 });
      await eventually("it is there", () => ben.has(`Save: ${name}`));
    }
    assert.equal(await ben.has("Show picture: dot.svg"), false);
    const width = () => ben.evaluate(() => document.querySelector(".file-picture")?.naturalWidth);
    assert.equal(await width(), undefined, "shown before anybody asked for it");
    await ben.press("Show picture: dot.png");
    await eventually("the picture is shown", async () => (await width()) === 40);
  });

  it("can be for one person, like words: the others and the server see nothing of either", async () => {
    await writeTo(ann, "Ben");
    await ann.type("Message", phrases.alone);
    await ann.press("Send");
    await ben.sees(phrases.alone);
    await ben.sees("to you alone");
    await ann.sees("to Ben alone");
    await choose(ann, "alone.txt", "", { phrase: phrases.alone, size: 100 });
    await ben.press("Fetch: alone.txt", { timeout: 30_000 });
    await ben.press("Save: alone.txt", { timeout: 30_000 });
    assert.match((await saved(ben)).text, /north door/);
    await writeTo(ann, "Everyone");
    await ann.type("Message", "for all of you");
    await ann.press("Send");
    await cleo.sees("for all of you");
    const seen = await cleo.text();
    assert.ok(!seen.includes(phrases.alone) && !seen.includes("alone.txt"), seen);
    assert.deepEqual(find(tap.received(), { alone: phrases.alone }), []);
  });

  it("met no error", async () => {
    for (const p of [ann, ben, cleo]) assert.deepEqual(await p.errors(), []);
  });
});
