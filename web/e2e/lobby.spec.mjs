// Who gets in: a host in Chromium, guests in Chromium and Firefox, against the real server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { flip, linkOf, makeMeeting } from "./lib/host.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { startPeer, startServer } from "./lib/server.mjs";

let server;
let chromium;
let firefox;
const desks = [];
before(async () => {
  server = await startServer();
  [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
});
after(async () => {
  await Promise.all(desks.map((d) => d.kill())); // those of tests that failed, too
  await chromium?.close();
  await firefox?.close();
  await server?.stop();
});

/** A host who has made a meeting, with the people panel open, and who sits in it already. */
async function host(name, { kind = chromium, alone = false } = {}) {
  const p = await kind.person(name, "red");
  const link = await makeMeeting(p, server.url);
  if (alone) return { p, link };
  const desk = startPeer(link, { name: "Desk", args: ["--only", "mic"] });
  desks.push(desk);
  await p.sees("2 people");
  return { p, link, desk };
}

const packets = async (p) =>
  (await p.stats()).filter((s) => s.type === "inbound-rtp").reduce((n, s) => n + s.packets, 0);

describe("the lobby", () => {
  for (const kind of ["Chromium", "Firefox"])
    describe(`of a host in ${kind}`, () => {
      it("keeps a guest out, without a packet or a name, until the host admits him", async () => {
        const [ours, theirs] = kind === "Chromium" ? [chromium, firefox] : [firefox, chromium];
        const { p: ada, link, desk } = await host("Ada", { kind: ours });
        await flip(ada, "Lobby", true);
        const ben = await theirs.person("Ben", "green", { line: true });
        const heard = () => ben.evaluate(() => Object.keys(window.__line.heard));
        await ben.join(link);
        await ben.sees("Waiting to be let in");
        await ada.sees("Ben");
        assert.equal(await packets(ben), 0, "a guest who waits gets media");
        const own = [
          "ack",
          "joined",
          "marked",
          "published",
          "subscribed",
          "seats",
          "demand",
          "quality",
        ];
        const more = (await heard()).filter((type) => !own.includes(type));
        assert.deepEqual(more, [], "a guest who waits hears of others");
        for (const inside of ["Ada", "Desk"])
          assert(!(await ben.text()).includes(inside), "a guest who waits learns who is there");
        await ada.press("Admit Ben");
        await ben.seesFace("Ada", "red");
        await ada.seesFace("Ben", "green");
        await ben.sees("Desk");
        assert((await heard()).includes("welcomed"), "what comes in is not counted");
        await desk.kill();
        await ada.close();
        await ben.close();
      });
    });

  it("writes to a guest, and refuses him with a word, who hears of it and does not come back by himself", async () => {
    const { p: ada, link, desk } = await host("Ada");
    await flip(ada, "Lobby", true);
    const ben = await firefox.person("Ben", "green");
    await ben.join(link);
    await ben.sees("Waiting to be let in");
    const writes = async (text, how) => {
      await ada.press("Write to Ben");
      await ada.type("Message", text);
      await ada.press(how);
    };
    await writes("Ten minutes more, please stay", "Send");
    await ben.sees("Ten minutes more, please stay");
    await writes("Come by tomorrow", "Send and refuse");
    await ben.sees("The host did not let you in");
    await ben.sees("Come by tomorrow");
    await eventually("nobody waits", async () => !(await ada.text()).includes("Waiting 1"));
    await desk.kill();
    await ada.close();
    await ben.close();
  });

  it("is for the host alone: a member sees no guest and has no switch, and a reload leaves the host a host", async () => {
    const { p: ada, link } = await host("Ada", { alone: true });
    const ben = await chromium.person("Ben", "green");
    await ben.join(link);
    await ben.seesFace("Ada", "red");
    await flip(ada, "Lobby", true);
    await ben.press("People");
    await ben.sees("The lobby is on");
    assert(
      !(await ben.evaluate(() => document.querySelector("[role=switch]"))),
      "Ben has a switch",
    );
    const cleo = await chromium.person("Cleo", "blue");
    await cleo.join(link);
    await ada.sees("Cleo");
    await cleo.sees("Waiting to be let in");
    assert.equal(await packets(cleo), 0);
    assert(!(await ben.text()).includes("Cleo"), "who waits is the host's to know");
    // The host comes back after a reload, and is the host still.
    await ada.page.reload();
    await eventually("Ada is back", async () => (await ada.text()).includes("Sealed"), {
      timeout: 30_000,
    });
    await ada.press("Admit Cleo", { timeout: 30_000 });
    await cleo.seesFace("Ben", "green");
    for (const p of [ada, ben, cleo]) await p.close();
  });

  it("stays up when the host is the only one inside and reloads: the host is back in, and the guest still waits", async () => {
    const { p: ada, link } = await host("Ada", { alone: true });
    await flip(ada, "Lobby", true);
    const ben = await firefox.person("Ben", "green");
    await ben.join(link);
    await ada.sees("Waiting 1");
    await ada.page.reload();
    await eventually("Ada is back", async () => (await ada.text()).includes("Sealed"), {
      timeout: 30_000,
    });
    await ben.sees("Waiting to be let in");
    assert(!(await ben.text()).includes("Sealed"), "the guest has begun a meeting of his own");
    assert.equal(await packets(ben), 0);
    await ada.press("Admit Ben", { timeout: 30_000 });
    await ben.seesFace("Ada", "red");
    await ada.close();
    await ben.close();
  });

  it("takes who is sent back to it, until the host admits him again", async () => {
    const { p: ada, link, desk } = await host("Ada");
    const ben = await firefox.person("Ben", "green");
    await ben.join(link);
    await ada.seesFace("Ben", "green");
    await ada.press("Menu of Ben");
    await ada.press("Remove Ben");
    await ada.press("Back to the lobby");
    await ben.sees("The host sent you back to the lobby");
    await ada.sees("Waiting 1");
    await ada.press("Admit Ben", { timeout: 30_000 });
    await ben.seesFace("Ada", "red");
    await ada.seesFace("Ben", "green");
    await desk.kill();
    await ada.close();
    await ben.close();
  });

  it("takes who was removed and comes by the old link; a locked meeting takes nobody", async () => {
    const { p: ada, link, desk } = await host("Ada");
    const ben = await firefox.person("Ben", "green");
    await ben.join(link);
    await ada.seesFace("Ben", "green");
    await ada.press("Menu of Ben");
    await ada.press("Remove Ben");
    await ada.sees("and switch the lobby on?");
    await ada.press("Yes, remove");
    await ben.sees("The host removed you from the meeting");
    await eventually("the lobby is on", () =>
      ada.evaluate(
        () => document.querySelector("[role=switch]")?.getAttribute("aria-checked") === "true",
      ),
    );
    await ben.join(link);
    await ben.sees("Waiting to be let in");
    await ada.sees("Waiting 1");
    assert.equal(await packets(ben), 0);
    await flip(ada, "Locked", true);
    await ada.sees("Unlock the meeting");
    assert(!(await ada.has("Admit Ben")));
    await flip(ada, "Locked", false);
    await ada.press("Admit Ben");
    await ben.seesFace("Ada", "red");
    await desk.kill();
    await ada.close();
    await ben.close();
  });

  it("takes nobody by a link that was changed: who was removed gets nowhere, a member reloads and is back, a newcomer comes by the new link", async () => {
    const { p: ada, link } = await host("Ada", { alone: true });
    const ben = await chromium.person("Ben", "green");
    const cleo = await firefox.person("Cleo", "blue");
    await ben.join(link);
    await cleo.join(link);
    await ada.seesFace("Ben", "green");
    await ada.seesFace("Cleo", "blue");
    await ada.press("Menu of Ben");
    await ada.press("Remove Ben");
    await ada.press("Remove and change link");
    await ben.sees("The host removed you from the meeting");
    await ada.sees("The meeting has a new link");
    await cleo.sees("The host has changed the invitation link");
    const next = await linkOf(ada);
    assert.notEqual(next, link);
    assert.equal(next.split("#")[0], link.split("#")[0], "the room is another");
    await ben.goto(link);
    await ben.sees("This meeting does not exist");
    assert(!(await ada.text()).includes("Waiting 1"), "the host is asked by the old link");
    // Who stayed never lost a picture, and comes back by the link that the page keeps.
    await cleo.seesFace("Ada", "red");
    await cleo.page.reload();
    await cleo.seesFace("Ada", "red");
    await ada.seesFace("Cleo", "blue");
    await ben.join(next);
    await ben.sees("Waiting to be let in");
    await ada.press("Admit Ben");
    await ben.seesFace("Ada", "red");
    await ben.seesFace("Cleo", "blue");
    for (const p of [ada, ben, cleo]) await p.close();
  });
});
