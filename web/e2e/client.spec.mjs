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
        // By then the Go peer has heard it, too.
        await eventually(
          "the reaction is over",
          async () => !(await cleo.tileOf("Ben")).text.includes("Applause"),
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

  describe("layouts", () => {
    const areaOf = (person, name) =>
      person.evaluate((wanted) => {
        const tile = [...document.querySelectorAll(".tile")].find((t) =>
          t.innerText.includes(wanted),
        );
        const box = tile?.getBoundingClientRect();
        return box ? box.width * box.height : 0;
      }, name);
    const isLargest = (person, name, others) =>
      eventually(`${person.name} sees ${name} large`, async () => {
        const large = await areaOf(person, name);
        for (const o of others) if ((await areaOf(person, o)) * 2 > large) return false;
        return large > 0;
      });
    const choose = async (person, entry) => {
      await person.press("More");
      await person.press(entry);
    };

    for (const [who, other] of [
      ["ann", "Ben"],
      ["cleo", "Ann"],
    ]) {
      it(`pin and let go (${who})`, async () => {
        const person = { ann, cleo }[who];
        const rest = ["Ann", "Ben", "Cleo"].filter((n) => n !== other && n !== person.name);
        await person.press("People");
        await person.press(`Menu of ${other}`);
        await person.press("Pin");
        await isLargest(person, other, [...rest, "You"]);
        await person.press("Unpin");
        await eventually("all are alike", async () => {
          const areas = await Promise.all([other, ...rest].map((n) => areaOf(person, n)));
          return Math.max(...areas) < 1.1 * Math.min(...areas);
        });
        await person.press("People");
      });
    }

    it("put the screen large, with the people beside it, and a pinned face before it", async () => {
      await ben.press("Share screen");
      await cleo.seesFace("Ben", null, { source: "screen", colour: "#10b0b0" });
      await isLargest(cleo, "Ben: screen", ["Ann", "You"]);
      await cleo.press("Pin Ann");
      await isLargest(cleo, "Ann", ["Ben: screen", "You"]);
      await cleo.press("Pin Ann");
      await ben.press("Stop sharing");
      await eventually("the screen is gone", async () => !(await cleo.tileOf("Ben", "screen")));
    });

    it("hide our own view, here only", async () => {
      await choose(cleo, "Hide own view");
      await eventually("Cleo is not on her stage", async () => !(await cleo.tileOf("You")));
      assert.ok(await ann.tileOf("Cleo"));
      await choose(cleo, "Hide own view");
      await eventually("Cleo is back", () => cleo.tileOf("You"));
    });

    it("with sound only have no camera sent to us, and voices go on", async () => {
      await ann.press("More");
      await ann.evaluate(() =>
        [...document.querySelectorAll(".entry-row")]
          .find((b) => b.textContent.includes("Sound only"))
          .click(),
      );
      const frames = async () =>
        (await ann.stats())
          .filter((s) => s.type === "inbound-rtp" && s.kind === "video")
          .reduce((sum, s) => sum + s.framesReceived, 0);
      let before = -1;
      await eventually(
        "no more frames arrive",
        async () => {
          const now = await frames();
          const still = now === before;
          before = now;
          return still;
        },
        { every: 1000 },
      );
      assert.equal((await ann.tileOf("Ben")).state, "off");
      await ann.hears(620);
      await ann.press("More");
      await ann.evaluate(() =>
        [...document.querySelectorAll(".entry-row")]
          .find((b) => b.textContent.includes("Sound only"))
          .click(),
      );
      await ann.seesFace("Ben", "green");
    });

    it("have a small window with the picture in it, where the browser has one", async () => {
      await choose(ann, "Small window");
      await eventually("the small window shows somebody", () =>
        ann.evaluate(() => {
          const w = globalThis.documentPictureInPicture?.window;
          const video = w?.document.querySelector(".tile video");
          return video?.videoWidth > 0 && w.getComputedStyle(video).objectFit === "cover";
        }),
      );
      await choose(ann, "Close the small window");
      await eventually("it is closed", () =>
        ann.evaluate(() => !globalThis.documentPictureInPicture.window),
      );
    });
  });

  describe("devices", () => {
    const muted = (person, name) => async () =>
      /muted/.test((await person.tileOf(name))?.text ?? "");
    const talks = (person, name) => async () => !(await muted(person, name)());

    it("tell who talks into a muted microphone", async () => {
      await ann.press("Mute microphone");
      await ann.sees("You are muted. Hold the space bar to talk.");
    });

    for (const who of ["ann", "cleo"]) {
      it(`talk while the space bar is down, after a click on the button too (${who})`, async () => {
        const person = { ann, cleo }[who];
        if (who === "cleo") await cleo.press("Mute microphone");
        await eventually("muted", muted(ben, person.name));
        await person.page.keyboard.down(" ");
        await eventually("heard", talks(ben, person.name));
        await person.page.keyboard.up(" ");
        await eventually("muted again", muted(ben, person.name));
        assert.ok(await person.has("Unmute microphone"), "the key pressed the button");
        await person.press("Unmute microphone");
        await eventually("heard for good", talks(ben, person.name));
      });
    }

    it("are set in one sheet, in both browsers", async () => {
      for (const person of [ann, cleo]) {
        await person.press("More");
        await person.press("Settings");
        await eventually("the sheet is open", () => person.has("Test the speaker"));
        await person.press("Test the speaker");
        const mirrored = () =>
          person.evaluate(() =>
            document.querySelector(".small-preview video").classList.contains("mirrored"),
          );
        assert.ok(await mirrored());
        await person.evaluate(() =>
          [...document.querySelectorAll(".settings label")]
            .find((l) => l.textContent.includes("mirror"))
            .click(),
        );
        await eventually("the picture is as others see it", async () => !(await mirrored()));
        assert.equal(await person.evaluate(() => localStorage.getItem("mirror")), "off");
        await person.press("Close settings");
      }
    });
  });

  describe("invitations and chat", () => {
    it("draw a code and write a calendar file in the browser", async () => {
      for (const person of [ann, cleo]) {
        await person.press("People");
        await person.press("Code and calendar");
        await eventually("the code is drawn", () =>
          person.evaluate(() => document.querySelector(".qr path")?.getAttribute("d").length > 500),
        );
        const file = await person.evaluate(async () => {
          const made = new Promise((resolve) => {
            const native = URL.createObjectURL;
            URL.createObjectURL = (blob) => {
              resolve(blob.text());
              return native.call(URL, blob);
            };
          });
          [...document.querySelectorAll("button")]
            .find((b) => b.textContent === "Save calendar file")
            .click();
          return (await made).replaceAll("\r\n ", "");
        });
        assert.match(file, /BEGIN:VEVENT\r\n/);
        assert.ok(file.includes(`URL:${link}\r\n`), file);
        assert.match(file, /SUMMARY:Client\r\n/);
        await person.press("Close invite");
        await person.press("People");
      }
    });

    it("show addresses that can be followed safely, and nothing of what they lead to", async () => {
      for (const person of [ann, cleo]) await person.press("Chat");
      await cleo.type("Message", "see https://example.org/page. or https://bank@evil.example/");
      await cleo.press("Send");
      const found = await eventually("Ann has the address", () =>
        ann.evaluate(() => {
          const a = [...document.querySelectorAll(".said a")];
          return a.length > 0 && a.map((x) => [x.href, x.rel, x.target]);
        }),
      );
      assert.deepEqual(found, [
        ["https://example.org/page", "noopener noreferrer nofollow", "_blank"],
      ]);
      assert.deepEqual([...ann.hosts], [new URL(server.url).host]);
      for (const person of [ann, cleo]) await person.press("Chat");
    });

    it("count what is unread", async () => {
      await ben.press("Chat");
      await ben.type("Message", "one");
      await ben.press("Send");
      await ben.press("Chat");
      await eventually("Ann has one unread", async () =>
        ann.evaluate(() => document.querySelector(".count")?.dataset.count === "1"),
      );
      await eventually("the title tells", () =>
        ann.evaluate(() => document.title.startsWith("(1)")),
      );
      await ann.press("Chat");
      await eventually("nothing is unread", () =>
        ann.evaluate(() => !document.querySelector(".count")),
      );
      await ann.press("Chat");
    });
  });

  describe("languages", () => {
    it("are loaded on demand, chosen in the settings and kept", async () => {
      for (const person of [ann, cleo]) {
        await person.press("More");
        await person.press("Settings");
        await person.evaluate(() => {
          const select = [...document.querySelectorAll("select")].find((s) =>
            [...s.options].some((o) => o.value === "de"),
          );
          select.value = "de";
          select.dispatchEvent(new Event("change", { bubbles: true }));
        });
        await person.press("Einstellungen schließen");
        await eventually("all is German", () => person.has("Verlassen"));
        assert.equal(await person.evaluate(() => document.documentElement.lang), "de");
        assert.equal(await person.evaluate(() => localStorage.getItem("language")), "de");
        assert.deepEqual([...person.hosts], [new URL(server.url).host]);
      }
    });

    it("are the browser's own for who has chosen none", async () => {
      const dora = await chromium.person("Dora", "yellow", { context: { locale: "es-AR" } });
      await dora.goto(server.url);
      await dora.sees("Nueva reunión");
      assert.deepEqual(await dora.errors(), []);
      await dora.close();
    });
  });

  it("met no error", async () => {
    for (const person of [ann, ben, cleo])
      assert.deepEqual(await person.errors(), [], `${person.name} met errors`);
  });
});
