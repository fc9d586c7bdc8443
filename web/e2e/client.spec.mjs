// What makes people choose the client: hands, layouts, devices, invitations, languages; three people in two browsers.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { choose, sheet } from "./lib/features.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

describe("the client", { timeout: 600_000 }, () => {
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
    cleo = await firefox.person("Cleo", "blue", { line: true });
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
        await person.isLargest(other, [...rest, "You"]);
        await person.press("Unpin");
        await person.allAlike(other, ...rest);
        await person.press("People");
      });
    }

    it("put the screen large, with the people beside it, and a pinned face before it", async () => {
      await ben.press("Share screen");
      await cleo.seesFace("Ben", null, { source: "screen", colour: "#10b0b0" });
      await cleo.isLargest("Ben: screen", ["Ann", "You"]);
      await cleo.press("Pin Ann");
      await cleo.isLargest("Ann", ["Ben: screen", "You"]);
      await cleo.press("Pin Ann");
      await ben.press("Stop sharing");
      await eventually("the screen is gone", async () => !(await cleo.tileOf("Ben", "screen")));
    });

    const speaks = (person, name) =>
      eventually(`${name} is marked at ${person.name}'s`, async () =>
        /speaking/.test((await person.tileOf(name))?.text ?? ""),
      );

    it("show who speaks large, with a mark, and whoever speaks next", async () => {
      await ben.evaluate(() => window.__spec.hush(true));
      await cleo.press("Mute microphone");
      await choose(ann, "Show who speaks large");
      await cleo.press("Unmute microphone");
      await speaks(ann, "Cleo");
      await ann.isLargest("Cleo", ["Ben", "You"]);
      await cleo.press("Mute microphone");
      await ben.evaluate(() => window.__spec.talk());
      await speaks(ann, "Ben");
      await ann.isLargest("Ben", ["Cleo", "You"]);
      await ben.evaluate(() => window.__spec.hush(false));
      await choose(ann, "Show everyone alike");
      await cleo.press("Unmute microphone");
      // Firefox without a sound card hears nobody: there it is the first of the others.
      await choose(cleo, "Show who speaks large");
      await cleo.isLargest("Ann", ["Ben", "You"]);
      await choose(cleo, "Show everyone alike");
    });

    const boxOf = (person, name) =>
      person.evaluate((wanted) => {
        const tile = [...document.querySelectorAll(".tile")].find((t) =>
          t.innerText.includes(wanted),
        );
        const { left, top, width, height } = tile.getBoundingClientRect();
        const stage = tile.parentElement.getBoundingClientRect();
        return {
          x: left + width / 2,
          y: top + height / 2,
          area: width * height,
          moves: tile.getAnimations().length > 0,
          side: left + width / 2 < stage.left + stage.width / 2 ? "start" : "end",
          end: top + height / 2 < stage.top + stage.height / 2 ? "top" : "bottom",
          stage: { left: stage.left, top: stage.top, right: stage.right, bottom: stage.bottom },
        };
      }, name);
    const lies = (person, where) =>
      eventually(`${person.name} has the own picture at ${where}`, async () => {
        const [own, ben] = [await boxOf(person, "You"), await boxOf(person, "Ben")];
        const seen = own.area * 4 < ben.area ? `${own.side} ${own.end}` : "among the others";
        if (seen !== where || own.moves) throw new Error(`${seen}, it moves: ${own.moves}`);
        return true;
      });
    it("let the own picture be moved over the others, by pointer and by button", async () => {
      for (const person of [ann, cleo]) {
        const { mouse } = person.page;
        const drag = async (to) => {
          const own = await boxOf(person, "You");
          await mouse.move(own.x, own.y);
          await mouse.down();
          await mouse.move((own.x + to(own.stage).x) / 2, (own.y + to(own.stage).y) / 2);
          await mouse.move(to(own.stage).x, to(own.stage).y);
          await mouse.up();
        };
        await drag(({ right, bottom }) => ({ x: right - 90, y: bottom - 60 }));
        await lies(person, "end bottom");
        await drag(({ left, top }) => ({ x: left + 90, y: top + 60 }));
        await lies(person, "start top");
        for (const where of ["end top", "among the others"]) {
          await person.press("Move own view");
          await lies(person, where);
        }
      }
    });

    it("hide our own view, here only", async () => {
      for (const [person, other] of [
        [cleo, ann],
        [ann, cleo],
      ]) {
        await choose(person, "Hide own view");
        await eventually("it is not on the stage", async () => !(await person.tileOf("You")));
        assert.ok(await other.tileOf(person.name));
        await choose(person, "Hide own view");
        await eventually("it is back", () => person.tileOf("You"));
      }
    });

    /** Frames or packets of a kind that have come, or gone where out is set. */
    const count = async (person, kind, out = false) =>
      (await person.stats())
        .filter((s) => s.type === (out ? "outbound-rtp" : "inbound-rtp") && s.kind === kind)
        .reduce(
          (sum, s) => sum + (kind === "audio" ? s.packets : s.framesReceived + s.framesSent),
          0,
        );
    const stops = (person, kind, out) => {
      let before = -1;
      return eventually(
        `${person.name} ${out ? "sends" : "receives"} no more ${kind}`,
        async () => {
          const now = await count(person, kind, out);
          const still = now === before;
          before = now;
          return still;
        },
        { every: 500 },
      );
    };
    const hears = async (person) => {
      const heard = await count(person, "audio");
      return eventually(
        `sound comes to ${person.name}`,
        async () => (await count(person, "audio")) > heard + 20,
      );
    };

    it("with sound only have no camera sent to us, and voices go on", async () => {
      for (const person of [ann, cleo]) {
        const soundOnly = async () => {
          await person.press("More");
          await person.evaluate(() =>
            [...document.querySelectorAll(".entry-row")]
              .find((b) => b.textContent.includes("Sound only"))
              .click(),
          );
        };
        await soundOnly();
        await stops(person, "video");
        assert.equal((await person.tileOf("Ben")).state, "off");
        await hears(person);
        if (person === ann) await ann.hears(620);
        await soundOnly();
        await person.seesFace("Ben", "green");
      }
    });

    it("that nobody looks at, in a hidden tab, hear, and are sent no camera, which rests then", async () => {
      const show = (person, state) =>
        person.evaluate((s) => {
          Object.defineProperty(document, "visibilityState", { value: s, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }, state);
      for (const person of [ann, cleo]) await show(person, "hidden");
      for (const person of [ann, cleo]) await stops(person, "video");
      await stops(ben, "video", true);
      for (const person of [ann, cleo]) await hears(person);
      const before = await Promise.all([ann, cleo].map((p) => count(p, "video")));
      for (const person of [ann, cleo]) await show(person, "visible");
      for (const [i, person] of [ann, cleo].entries()) {
        await eventually(
          `pictures come to ${person.name}`,
          async () => (await count(person, "video")) > before[i],
        );
        await person.seesFace("Ben", "green");
      }
    });

    // In Firefox the driver has no hold of the page any more while such a window is open.
    it("have a small window with the picture in it, where the browser has one", async () => {
      await choose(ann, "Small window");
      await eventually("the small window shows somebody", () =>
        ann.evaluate(() => {
          const w = globalThis.documentPictureInPicture?.window;
          const video = w?.document.querySelector(".tile video");
          if (!(video?.videoWidth > 0) || w.getComputedStyle(video).objectFit !== "cover")
            return false;
          // The page's own style, too.
          return w.getComputedStyle(video).getPropertyValue("--brass") !== "";
        }),
      );
      await choose(ann, "Close the small window");
      await eventually("it is closed", () =>
        ann.evaluate(() => !globalThis.documentPictureInPicture.window),
      );
    });

    it("fill the screen, and a phone that is turned", async () => {
      for (const person of [ann, cleo]) {
        await choose(person, "Full screen");
        await eventually("it is full", () =>
          person.evaluate(() => document.fullscreenElement !== null),
        );
        await choose(person, "Leave full screen");
        await eventually("it is not", () =>
          person.evaluate(() => document.fullscreenElement === null),
        );
      }
      for (const person of [ben, cleo]) {
        for (const [width, height] of [
          [360, 640],
          [640, 360],
          [820, 1180],
        ]) {
          await person.resize(width, height);
          await eventually(`${person.name} has all on ${width} by ${height}`, async () => {
            const out = await person.beyond();
            if (out.length > 0) throw new Error(out.join());
            return (await person.tiles()).length === 3;
          });
          await person.press("More");
          await eventually("the list shows that it goes on, or is whole", () =>
            person.evaluate(() => {
              const list = document.querySelector(".more-menu");
              const whole = list && list.scrollHeight <= list.clientHeight + 8;
              return list && whole === !list.querySelector(".goes-on");
            }),
          );
          await person.press("More");
        }
        await person.resize(1280, 800);
      }
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

    /** Chooses a device by its label in the small window above the bar. */
    const takes = async (person, opener, label) => {
      await person.press(opener);
      await eventually(`${person.name} is offered ${label}`, () =>
        person.evaluate((wanted) => {
          const rows = [...document.querySelectorAll(".device-row")];
          const row = rows.find((r) => !wanted || r.textContent.trim() === wanted);
          row?.querySelector("input").click();
          return row !== undefined;
        }, label),
      );
      await person.press(opener);
    };
    const inUse = (person) =>
      person.evaluate(() =>
        [...document.querySelectorAll(".device-row input")]
          .map((i) => i.checked && i.closest("label").textContent.trim())
          .filter(Boolean)
          .join(),
      );

    it("are changed under way, and a headset is used when it is plugged in (ann and cleo)", async () => {
      for (const [person, look] of [
        [ann, "red"],
        [cleo, "blue"],
      ]) {
        await person.evaluate(() => window.__spec.plug("videoinput", "Desk camera", "#d0c020"));
        await takes(person, "Choose camera", "Desk camera");
        await ben.seesFace(person.name, "yellow");
        await takes(person, "Choose camera", "");
        await ben.seesFace(person.name, look);
        await person.evaluate(() => window.__spec.plug("audioinput", "Headset", 1510));
        await person.sees("Now using Headset");
        if (person === ann) await ben.hears(1510);
        await person.press("Choose microphone");
        await eventually("it is marked", async () => (await inUse(person)) === "Headset");
        await person.press("Choose microphone");
        await person.press("Go back");
        if (person === ann) await ben.hears(440);
      }
    });

    it("are set in one sheet, in both browsers", async () => {
      for (const person of [ann, cleo]) {
        await person.press("More");
        await person.press("Settings");
        await eventually("the sheet is open", () => person.has("Test the speaker"));
        const played = () => person.evaluate(() => window.__spec.sounds.length);
        const before = await played();
        await person.press("Test the speaker");
        if (person === ann)
          await eventually("the meter moves", () =>
            ann.evaluate(() => document.querySelector(".settings .meter .lit") !== null),
          );
        await eventually("it plays", async () => (await played()) > before);
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

    it("copy what somebody wrote", async () => {
      for (const person of [ben, cleo]) {
        await person.evaluate(() => {
          navigator.clipboard.writeText = async (text) => {
            window.__copied = text;
          };
        });
        await person.press("Chat");
      }
      await ann.press("Chat");
      await ann.type("Message", "Room 4, at noon");
      await ann.press("Send");
      for (const person of [ben, cleo]) {
        await person.sees("Room 4, at noon");
        await person.evaluate(() =>
          [...document.querySelectorAll("[aria-label='Copy message']")].at(-1).click(),
        );
        await person.sees("Copied");
        assert.equal(await person.evaluate(() => window.__copied), "Room 4, at noon");
      }
      for (const person of [ann, ben, cleo]) await person.press("Chat");
    });

    it("ask all, who choose and see who chose what", async () => {
      for (const person of [ann, ben, cleo]) await person.press("Chat");
      await cleo.press("New poll");
      for (const [label, text] of [
        ["Question", "When do we meet again?"],
        ["Answer 1", "Monday"],
        ["Answer 2", "Tuesday"],
      ])
        await cleo.type(label, text);
      await cleo.press("Ask everybody");
      const votes = (person) =>
        person.evaluate(() =>
          [...document.querySelectorAll(".poll-option")].map((o) =>
            o.textContent.replace(/\s+/g, " ").trim(),
          ),
        );
      const vote = async (person, n) => {
        await person.sees("When do we meet again?");
        await person.evaluate((i) => document.querySelectorAll(".poll-option")[i].click(), n);
      };
      await vote(ann, 1);
      await vote(ben, 1);
      await vote(cleo, 0);
      await vote(ben, 0); // after all
      for (const person of [ann, ben, cleo])
        await eventually(`${person.name} sees the votes`, async () => {
          const [monday, tuesday] = await votes(person);
          if (!/^Monday ?2.*Ben/.test(monday) || !/^Tuesday ?1/.test(tuesday))
            throw new Error(`${monday} | ${tuesday}`);
          return true;
        });
      await cleo.press("Close poll");
      await eventually("it is closed", () =>
        ann.evaluate(() => document.querySelector(".poll").disabled),
      );
      for (const person of [ann, ben, cleo]) await person.press("Chat");
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
        await sheet(person, "Settings");
        for (const [language, close, leave] of [
          ["fr", "Fermer les réglages", "Quitter"],
          ["es", "Cerrar ajustes", "Salir"],
          ["de", "Einstellungen schließen", "Verlassen"],
        ]) {
          await choose(person, "de", language);
          for (const label of [close, leave])
            await eventually(`${person.name} reads “${label}”`, () => person.has(label));
          assert.equal(await person.evaluate(() => document.documentElement.lang), language);
          assert.equal(await person.evaluate(() => localStorage.getItem("language")), language);
        }
        await person.press("Einstellungen schließen");
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
