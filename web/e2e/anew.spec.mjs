// Everybody begins another group by the host's word, when one seems to be shown another meeting: all are back by themselves, and know
// of each other what they knew before.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeMeeting } from "./lib/host.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { startServer } from "./lib/server.mjs";
import { startTamper } from "./lib/tamper.mjs";

describe("a group that is begun anew", { timeout: 300_000 }, () => {
  let server;
  let tamper;
  let chromium;
  let firefox;
  let ada; // the host
  let ben;
  let cleo; // in Firefox
  let spoilt = true; // what the others' browsers say of the group does not reach Ada's
  before(async () => {
    server = await startServer();
    const said = (m) =>
      m.type === "beat_of" && spoilt ? { ...m, body: m.body.replace(/^..../, "AAAA") } : undefined;
    tamper = await startTamper(server, { said });
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    ada = await chromium.person("Ada", "red", { width: 320, height: 180 });
    ben = await chromium.person("Ben", "green", { width: 320, height: 180 });
    cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180 });
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await tamper?.stop();
    await server?.stop();
  });

  const text = (p) => p.text();
  const seen = () =>
    Promise.all([
      ada.seesFace("Ben", "green"),
      ada.seesFace("Cleo", "blue"),
      ben.seesFace("Cleo", "blue"),
      cleo.seesFace("Ada", "red"),
      cleo.seesFace("Ben", "green"),
    ]);

  it("has all come back, who see, hear and write to each other", async () => {
    const link = (await makeMeeting(ada, tamper.url)).replace(tamper.url, server.url);
    await ben.join(link);
    await cleo.join(link);
    await seen();
    await ben.press("Mute microphone");
    // A member is silent for three intervals of ten seconds before that is said.
    await ada.press("Security");
    await ada.sees("2 people are not in sync with you", { timeout: 60_000 });
    spoilt = false;
    await ada.press("Make new keys for everyone");
    await ben.sees("Ada has new keys made for everyone.");
    await cleo.sees("Ada has new keys made for everyone.");
    await eventually("nobody is out of sync", async () => !(await text(ada)).includes("in sync"));
    await seen();
    await eventually("Ada sees Ben muted", async () =>
      (await ada.tileOf("Ben")).text.includes("muted"),
    );
    // For one alone a message is sealed to a key that its owner has told since.
    await ada.press("Chat");
    await ada.evaluate(() => {
      const to = document.querySelector(".compose-to select");
      to.value = [...to.options].find((o) => o.text === "Ben").value;
      to.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await ada.type("Message", "For you alone");
    await ada.press("Send");
    await ben.press("Chat");
    await ben.sees("For you alone");
    assert(!(await text(cleo)).includes("For you alone"));
    for (const p of [ada, ben, cleo]) assert.deepEqual(await p.errors(), [], p.name);
  });
});
