// Real browsers, the real server and the Go participant in one meeting.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, looks, openChromium, openFirefox } from "./lib/people.mjs";
import { startPeer, startServer } from "./lib/server.mjs";

describe("three people, two browsers", { timeout: 300_000 }, () => {
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
    ann = await chromium.person("Ann", "red");
    ben = await chromium.person("Ben", "green");
    cleo = await firefox.person("Cleo", "blue");
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  it("opens a meeting from the landing page", async () => {
    await ann.goto(server.url);
    await ann.type("Meeting title (optional)", "Board, 3rd quarter");
    await ann.press("New meeting");
    await ann.type("Your name", "Ann");
    await ann.press("Join");
    await eventually("Ann is in the meeting", () => ann.has("Leave"));
    assert.ok(
      !(await ann.evaluate(() => location.href)).includes("#"),
      "the secret stays in the address bar",
    );
    await ann.press("People");
    link = await ann.evaluate(async () => {
      const seen = new Promise((resolve) => {
        navigator.clipboard.writeText = async (text) => resolve(text);
      });
      [...document.querySelectorAll("button")]
        .find(
          (b) =>
            b.textContent.includes("Copy invitation link") ||
            b.getAttribute("aria-label") === "Copy invitation link",
        )
        .click();
      return seen;
    });
    assert.match(link, /\/r\/[a-z2-7]{26}#1\.[\w-]{43}$/);
    await ann.press("People");
  });

  it("shows everybody the right picture and plays the right voice", async () => {
    await Promise.all([ben.join(link), cleo.join(link)]);
    assert.ok(
      (await ben.text()).includes("Board, 3rd quarter"),
      "the title is shown to who holds the link",
    );
    await Promise.all([
      ann.seesFace("Ben", "green"),
      ann.seesFace("Cleo", "blue"),
      ben.seesFace("Ann", "red"),
      ben.seesFace("Cleo", "blue"),
      cleo.seesFace("Ann", "red"),
      cleo.seesFace("Ben", "green"),
    ]);
    await ann.hears(looks.green.tone);
    await ben.hears(looks.red.tone);
  });

  it("keeps decoding pictures and sound between every pair", async () => {
    for (const person of [ann, ben, cleo]) {
      const first = await eventually(
        `${person.name} decodes two pictures and two voices`,
        async () => {
          const d = await person.decoded();
          return d.video.length >= 2 && d.audio.length >= 2 ? d : null;
        },
      );
      await eventually(`${person.name}'s counts grow`, async () => {
        const d = await person.decoded();
        return (
          first.video.every((n, i) => d.video[i] > n) && first.audio.every((e, i) => d.audio[i] > e)
        );
      });
    }
  });

  it("shows the same roster code to all", async () => {
    const codes = [];
    const pictures = [];
    for (const person of [ann, ben, cleo]) {
      await person.press("Security");
      codes.push(
        await eventually("a roster code", async () => {
          const digits = (await person.text()).match(/(\d{5}\s+){5}\d{5}/);
          return digits?.[0].replace(/\s+/g, " ");
        }),
      );
      pictures.push(
        await person.evaluate(() =>
          [...document.querySelectorAll(".pictures li")].map((li) => li.textContent).join(),
        ),
      );
      await person.press("Security");
    }
    assert.equal(new Set(codes).size, 1, codes.join(" | "));
    assert.equal(new Set(pictures).size, 1, pictures.join(" | "));
    assert.equal(pictures[0].split(",").length, 16, pictures[0]);
  });

  it("carries chat between browsers and the Go peer, who is seen and sees", async () => {
    const peer = startPeer(link, {
      name: "Field office",
      args: ["--say", "Greetings from the field"],
    });
    try {
      await eventually(
        "Ann sees the Field office moving",
        async () => (await ann.tileOf("Field office"))?.rgb,
        { timeout: 10_000, every: 50 },
      );
      await eventually(
        "Cleo sees the Field office moving",
        async () => (await cleo.tileOf("Field office"))?.rgb,
      );
      for (const person of [ann, ben, cleo]) await person.press("Chat");
      await Promise.all([ann, ben, cleo].map((p) => p.sees("Greetings from the field")));
      for (const [person, text] of [
        [ann, "Hello from Ann"],
        [cleo, "Hello from Cleo"],
      ]) {
        await person.type("Message", text);
        await person.press("Send");
        await Promise.all([ann, ben, cleo].map((p) => p.sees(text)));
      }
      for (const person of [ann, ben, cleo]) await person.press("Chat");
      const report = await peer.report();
      assert.deepEqual(
        report.chat.filter((c) => c.name !== "Field office").map((c) => c.text),
        ["Hello from Ann", "Hello from Cleo"],
      );
      for (const name of ["Ann", "Ben", "Cleo"]) {
        const camera = report.received.find((s) => s.name === name && s.source === "camera");
        const mic = report.received.find((s) => s.name === name && s.source === "mic");
        assert.ok(
          camera?.frames > 0,
          `the peer opened no picture of ${name}: ${JSON.stringify(report.received)}`,
        );
        assert.ok(mic?.frames > 0, `the peer opened no sound of ${name}`);
      }
    } finally {
      await peer.kill();
    }
  });

  it("switches the camera off and on, and the microphone", async () => {
    await ben.press("Turn camera off");
    await eventually(
      "Ann sees that Ben's camera is off",
      async () => (await ann.tileOf("Ben"))?.state === "off",
    );
    await ben.press("Turn camera on");
    await ann.seesFace("Ben", "green");
    await ben.press("Mute microphone");
    await ann.press("People");
    await eventually("Ann is told that Ben is muted", async () =>
      /muted/i.test((await ann.tileOf("Ben"))?.text ?? ""),
    );
    await ann.press("People");
    await ben.press("Unmute microphone");
    await ann.hears(looks.green.tone);
  });

  it("shares a screen with sound", async () => {
    await ben.press("Share screen");
    await Promise.all(
      [ann, cleo].map((p) => p.seesFace("Ben", null, { source: "screen", colour: "#10b0b0" })),
    );
    await ann.hears(2010, looks.green.tone);
    await ben.press("Stop sharing");
    await eventually("the shared screen is gone", async () => !(await ann.tileOf("Ben", "screen")));
  });

  it("takes a reloaded page back as a new leaf", async () => {
    const before = (await ann.tileOf("Ben")).session;
    await ben.page.reload();
    await eventually("Ben is back without a click", () => ben.has("Leave"));
    await eventually(
      "Ben's old session is gone and the new one seen",
      async () => {
        const tile = await ann.tileOf("Ben");
        return tile && tile.session !== before && tile.rgb;
      },
      { timeout: 20_000 },
    );
    await Promise.all([
      ann.seesFace("Ben", "green"),
      cleo.seesFace("Ben", "green"),
      ben.seesFace("Ann", "red"),
    ]);
  });

  it("moves the epoch on when somebody leaves", async () => {
    const epoch = async (p) => Number((await p.text()).match(/epoch\s*(\d+)/i)?.[1]);
    await ann.press("Security");
    const before = await eventually("an epoch", () => epoch(ann));
    await ben.press("Leave");
    await eventually("the epoch moved on", async () => (await epoch(ann)) > before);
    await ann.press("Security");
    await eventually("Ben's tile is gone", async () => !(await ann.tileOf("Ben")));
    await ann.seesFace("Cleo", "blue");
  });

  it("has everybody back without a click after the server was restarted", async () => {
    await server.stop("SIGKILL");
    await eventually("Ann is told", async () => /reconnecting/i.test(await ann.text()));
    const before = await ann.evaluate(() => window.__spec.pcs.length);
    server = await startServer({ listen: `127.0.0.1:${server.port}` });
    // Pictures of the old connections stay on the screen until the new ones are there: those count.
    await eventually(
      "Ann decodes pictures of a new connection",
      () =>
        ann.evaluate(async (n) => {
          for (const pc of window.__spec.pcs.slice(n)) {
            for (const s of (await pc.getStats()).values())
              if (s.type === "inbound-rtp" && s.framesDecoded > 5) return true;
          }
          return false;
        }, before),
      { timeout: 40_000 },
    );
    await Promise.all([
      ann.seesFace("Cleo", "blue", { timeout: 40_000 }),
      cleo.seesFace("Ann", "red", { timeout: 40_000 }),
    ]);
    const peer = startPeer(link, { name: "Late", args: [] });
    try {
      await eventually("a newcomer is seen", async () => (await ann.tileOf("Late"))?.rgb);
    } finally {
      await peer.kill();
    }
  });

  it("contacted one host and met no error", async () => {
    for (const person of [ann, ben, cleo]) {
      assert.deepEqual(
        [...person.hosts],
        [new URL(server.url).host],
        `${person.name} contacted others`,
      );
      assert.deepEqual(await person.errors(), [], `${person.name} met errors`);
    }
  });
});
