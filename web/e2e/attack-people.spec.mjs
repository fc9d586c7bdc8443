// Attacks on who is in the meeting, and who they are, against a real page in Chromium.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { attacks } from "./lib/attacks.mjs";
import { eventually } from "./lib/people.mjs";
import { newRoom } from "./lib/server.mjs";

/** How long a page is watched for what must not happen. */
const WATCH = 5_000;

const line = (text) => text.replace(/\s+/g, " ");

attacks("attacks on who is there", (attack) => {
  attack(
    "ghost added past the lobby",
    { claim: "C19" },
    async ({ t, lies, tamper, page, mallory }) => {
      t.try("a member and the server add a ghost while Ada, the host, has the lobby up");
      let socket;
      let ghostly = Number.POSITIVE_INFINITY; // the epoch that the ghost's commit ends
      const said = [];
      lies.heard = (m, who) => {
        socket ??= who;
        if (who === socket) said.push(m);
        else if (m.type === "commit") ghostly = m.epoch;
      };
      const ada = await page("Ada", "red");
      await ada.goto(tamper.url);
      await ada.press("New meeting");
      await ada.sees("Join");
      await ada.type("Your name", "Ada");
      await ada.press("Join");
      await ada.sees("Sealed");
      await ada.press("People");
      await ada.press("Code and calendar");
      const link = await ada.evaluate(
        () => document.querySelector("[aria-label='Invitation link']").value,
      );
      await ada.press("Close invite");
      const m = mallory(link);
      await m.said("in");
      await ada.sees("Mallory");
      await ada.page.getByRole("switch", { name: "Lobby" }).click();
      await eventually("the lobby is up", () =>
        ada.evaluate(
          () => document.querySelector("[role=switch]")?.getAttribute("aria-checked") === "true",
        ),
      );
      const before = said.length;
      m.order("ghost");
      await m.said("committed");
      const end = Date.now() + WATCH;
      let read = "";
      while (Date.now() < end) {
        const text = line(await ada.text());
        if (!text.includes("Sealed")) read ||= text;
        await delay(50);
      }
      const later = said.slice(before);
      const anew = later.some((x) => x.type === "ask" || x.type === "found");
      t.told(
        "Ada",
        anew || read !== "",
        `asks anew: ${anew}; reads: ${(read || line(await ada.text())).slice(0, 200)}`,
      );
      t.goal(
        later.some((x) => (x.type === "commit" || x.type === "app") && x.epoch === ghostly + 1),
        "Ada's page goes on in an epoch whose keys the ghost has",
      );
    },
  );

  attack("name that looks like another's", { claim: "C23" }, async ({ server, t, page, peer }) => {
    t.try("somebody with the link joins as “Веn” in Cyrillic letters while Ben is there");
    const link = await newRoom(server.url, "Names");
    const ann = await page("Ann", "red");
    await ann.join(link);
    peer(link, "Ben", ["--no-publish"]);
    await ann.press("People");
    await ann.sees("Ben");
    peer(link, "Веn", ["--no-publish"]);
    await ann.sees("Веn");
    await warned(t, ann, "has a name that another person here has, too");
  });

  attack("known name on a new device", { claim: "C23" }, async ({ server, t, page, peer }) => {
    t.try("when Ben has left, somebody with the link joins as Ben");
    const link = await newRoom(server.url, "Devices");
    const ann = await page("Ann", "red");
    await ann.join(link);
    const ben = peer(link, "Ben", ["--no-publish"]);
    await ann.press("People");
    await ann.sees("Ben");
    await ben.report(); // and leaves
    await ann.sees("Ben left");
    peer(link, "Ben", ["--no-publish"]);
    await warned(t, ann, "a new device: you met this name with another one");
  });

  /** The attacker wants to be taken for another without a warning. */
  async function warned(t, ann, warning) {
    const end = Date.now() + WATCH;
    let text = "";
    do {
      text = line(await ann.text());
      await delay(100);
    } while (!text.includes(warning) && Date.now() < end);
    assert.ok(/[BВ]en/.test(text), "he is not there");
    t.told("Ann", text.includes(warning), `reads: ${text.slice(0, 300)}`);
    t.goal(!text.includes(warning), "Ann takes him for Ben");
  }
});
