// What makes people choose the client: hands, layouts, devices, invitations, languages; three people in two browsers.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

describe("the client", { timeout: 300_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann;
  let ben;
  let cleo;
  let link;

  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "Client");
    ann = await chromium.person("Ann", "red");
    ben = await chromium.person("Ben", "green");
    cleo = await firefox.person("Cleo", "blue");
    await ann.join(link);
    await Promise.all([ben.join(link), cleo.join(link)]);
    await Promise.all([ann.seesFace("Cleo", "blue"), cleo.seesFace("Ben", "green")]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  /** The names with a raised hand, in the order of their places, as the tiles tell. */
  const line = async (person) =>
    (await person.tiles())
      .map((t) => [Number(t.text.match(/place\s*(\d+)/)?.[1] ?? 0), t.text])
      .filter(([place]) => place > 0)
      .sort(([a], [b]) => a - b)
      .map(([, text]) =>
        ["Ann", "Ben", "Cleo", "Field office", "You"].find((n) => text.includes(n)),
      );

  const stands = (person, ...names) =>
    eventually(`${person.name} sees the line ${names}`, async () => {
      const seen = await line(person);
      if (seen.join() !== names.join()) throw new Error(seen.join());
      return true;
    });

  describe("hands and reactions", () => {
    it("stand in one line for all, for who joins later and for the Go peer too", async () => {
      await cleo.press("Raise hand");
      await stands(ann, "Cleo");
      await ann.press("Raise hand");
      await Promise.all([stands(ben, "Cleo", "Ann"), stands(cleo, "You", "Ann")]);
      const peer = startPeer(link, { name: "Field office", args: ["--hand"] });
      try {
        await stands(ben, "Cleo", "Ann", "Field office");
        await cleo.press("Lower hand");
        await stands(ann, "You", "Field office");
        await ben.press("Reactions");
        await ben.press("Applause");
        await eventually("Cleo sees the applause", async () =>
          (await cleo.tileOf("Ben"))?.text.includes("Applause"),
        );
        const report = await peer.report();
        assert.deepEqual(
          report.reactions.map((r) => [r.name, r.sign]),
          [["Ben", "applause"]],
        );
        const tickets = Object.fromEntries(report.members.map((m) => [m.name, m.ticket ?? 0]));
        assert.ok(
          tickets["Field office"] > tickets.Ann && tickets.Ann > 0,
          JSON.stringify(tickets),
        );
      } finally {
        await peer.kill();
      }
      await eventually(
        "the reaction is over",
        async () => !(await cleo.tileOf("Ben")).text.includes("Applause"),
      );
    });

    it("are read out", async () => {
      const aloud = (person) =>
        person.evaluate(() =>
          [...document.querySelectorAll("[role=status]")].map((e) => e.textContent).join("|"),
        );
      await eventually("Ben's browser reads", async () =>
        /Cleo.* raised a hand|raised a hand/.test(await aloud(ben)),
      );
      assert.ok(!(await aloud(ben)).includes("Applause"), "our own is read to ourselves");
      await ann.press("Lower hand");
    });
  });

  it("met no error", async () => {
    for (const person of [ann, ben, cleo])
      assert.deepEqual(await person.errors(), [], `${person.name} met errors`);
  });
});
