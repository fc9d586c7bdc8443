import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createApp } from "./app";
import { FakeBrowser, settle, theFragment, theRoom } from "./fake";
import { atCheck, inMeeting, linkAddress, member, rosterOf, withBen } from "./steps";

describe("app: ways in", () => {
  it("takes the secret out of the address at once, before anything else is done", () => {
    const b = new FakeBrowser({ ...linkAddress, search: "?codec=vp9" });
    createApp(b.env);
    assert.deepEqual(b.address, { path: `/r/${theRoom}`, search: "?codec=vp9", fragment: "" });
  });

  it("takes it out in a browser that can't take part, as well, and explains", async () => {
    const b = new FakeBrowser(linkAddress);
    b.unfit = { code: "browser", title: "This browser can't take part", text: "It is too old." };
    const { app } = await atCheck(b);
    assert.equal(b.address.fragment, "");
    assert.equal(app.screen.value, "stopped");
    assert.equal(app.stopped.value?.code, "browser");
    assert.equal(b.workers.length, 0);
  });

  it("shows the check at once, where nobody can join until the card is verified", async () => {
    const b = new FakeBrowser(linkAddress);
    b.browser.set("name", "Ann");
    const app = createApp(b.env);
    assert.equal(app.screen.value, "check");
    assert.equal(app.check.people.value, null);
    assert.equal(app.check.canJoin.value, false);
    app.check.join();
    assert.equal(
      b.devices.asked.length,
      0,
      "it asked for the camera before the meeting was verified",
    );
    await settle();
    assert.equal(app.check.canJoin.value, true);
    assert.equal(b.sockets.length, 0);
  });

  it("goes from the link to the check: the title from the card, people from the server", async () => {
    const { app } = await atCheck();
    assert.equal(app.screen.value, "check");
    assert.equal(app.check.title.value, "Board");
    assert.equal(app.check.people.value, 2);
    assert.equal(app.check.canJoin.value, false, "without a name");
    app.check.setName("  Ann ");
    assert.equal(app.check.canJoin.value, true);
    app.check.setName("x".repeat(65));
    assert.equal(app.check.canJoin.value, false);
    assert.notEqual(app.check.nameHint.value, "");
    app.check.setName("𐀀 \u{11f00}"); // Kawi, which came with Unicode 15
    await settle();
    assert.equal(app.check.canJoin.value, false);
    assert.equal(app.check.nameHint.value, "Not every browser knows all of these characters.");
    app.check.setName("Ann");
    assert.equal(app.check.canJoin.value, true);
    assert.equal(app.check.nameHint.value, "");
  });

  for (const [what, address] of [
    ["cut short", { ...linkAddress, fragment: theFragment.slice(0, -5) }],
    ["without its secret", { ...linkAddress, fragment: "" }],
    ["of another version", { ...linkAddress, fragment: theFragment.replace("#1", "#2") }],
    ["with a damaged room", { ...linkAddress, path: "/r/UPPER" }],
  ] as const) {
    it(`explains a link ${what}, and asks the server nothing`, async () => {
      const { b, app } = await atCheck(new FakeBrowser(address));
      assert.equal(app.screen.value, "stopped");
      assert.equal(app.stopped.value?.code, "link");
      assert.equal(b.workers.length + b.sockets.length, 0);
      assert.equal(b.devices.asked.length, 0, "it asked for the camera");
    });
  }

  it("explains a room that the server does not know, and a card that is forged", async () => {
    const unknown = new FakeBrowser(linkAddress);
    unknown.looked = "refused";
    assert.equal((await atCheck(unknown)).app.stopped.value?.code, "refused");
    const forged = new FakeBrowser(linkAddress);
    forged.forged = true;
    const { app } = await atCheck(forged);
    assert.equal(app.stopped.value?.code, "card");
    assert.equal(app.stopped.value?.action, undefined, "trying again would not help");
  });

  it("loads what a meeting needs while the person gets ready, and nothing of it at the start", async () => {
    const start = new FakeBrowser();
    createApp(start.env);
    await settle();
    assert.equal(start.loads, 0);
    const { b, app } = await atCheck();
    assert.equal(b.loads, 1);
    app.check.setName("Ann");
    app.check.join();
    assert.equal(b.sockets.length, 1, "joining waits for what is there already");
    assert.equal(b.loads, 1);
  });

  it("says so when that cannot be had, and tries again with the next press", async () => {
    const b = new FakeBrowser(linkAddress);
    b.away = true;
    const { app } = await atCheck(b);
    app.check.setName("Ann");
    app.check.join();
    await settle();
    assert.equal(app.screen.value, "check");
    assert.equal(app.check.problem.value?.code, "server-gone");
    assert.equal(app.check.canJoin.value, true);
    assert.equal(b.sockets.length, 0);
    b.away = false;
    app.check.join();
    await settle();
    assert.equal(b.sockets.length, 1);
  });

  it("joins nothing when the person went back while it was loading", async () => {
    const b = new FakeBrowser(linkAddress);
    b.away = true;
    const { app } = await atCheck(b);
    b.away = false;
    app.check.setName("Ann");
    app.check.join();
    app.home();
    await settle();
    assert.equal(b.sockets.length, 0);
    assert.equal(app.screen.value, "landing");
  });

  it("offers to try again when the server does not answer", async () => {
    const b = new FakeBrowser(linkAddress);
    b.looked = "unreachable";
    const { app } = await atCheck(b);
    assert.equal(app.stopped.value?.code, "server-gone");
    b.looked = 1;
    app.stopped.value?.action?.run();
    await settle();
    assert.equal(app.screen.value, "check");
    assert.equal(app.stopped.value, null);
  });

  it("makes a new meeting", async () => {
    const b = new FakeBrowser();
    const app = createApp(b.env);
    app.landing.newMeeting("  Board ");
    await settle();
    assert.equal(app.screen.value, "check");
    assert.equal(b.workers[0]?.of("create")[0]?.title, "Board");
    assert.equal(b.created.length, 1);
    assert.equal(b.address.path, `/r/${theRoom}`);
    assert.equal(b.address.fragment, "", "the secret is in the address");
  });

  it("makes a post-quantum meeting for 64 people, and says so", async () => {
    const b = new FakeBrowser();
    const app = createApp(b.env);
    app.landing.newMeeting("Board");
    await settle();
    assert.equal(b.workers[0]?.of("create")[0]?.postQuantum, false);
    assert.equal(b.created[0]?.capacity, undefined);
    app.home();
    app.landing.newMeeting("Board", true);
    await settle();
    assert.equal(b.workers.at(-2)?.of("create")[0]?.postQuantum, true);
    assert.equal(b.created[1]?.capacity, 64);
  });

  it("explains why a meeting can't be made, and stays where it was", async () => {
    const b = new FakeBrowser();
    b.creating = "full";
    const app = createApp(b.env);
    app.landing.newMeeting("");
    await settle();
    assert.equal(app.screen.value, "landing");
    assert.equal(app.landing.problem.value?.code, "full");
    assert.equal(app.landing.busy.value, false);
  });

  for (const text of [
    "hello",
    `https://evil.example/r/${theRoom}${theFragment}`,
    `https://meet.example/r/${theRoom}#1.AAA`,
    "https://meet.example/about",
  ]) {
    it(`refuses ${text} when it is pasted`, async () => {
      const b = new FakeBrowser();
      const app = createApp(b.env);
      app.landing.openLink(text);
      await settle();
      assert.equal(app.landing.problem.value?.code, "link");
      assert.equal(app.screen.value, "landing");
      assert.equal(b.workers.length, 0);
    });
  }

  it("takes a pasted link", async () => {
    const b = new FakeBrowser();
    const app = createApp(b.env);
    app.landing.openLink(` https://meet.example/r/${theRoom}${theFragment}\n`);
    await settle();
    assert.equal(app.screen.value, "check");
    assert.equal(b.address.fragment, "");
  });

  it("takes a link that is pasted into the address of a page that is open", async () => {
    const b = new FakeBrowser({ ...linkAddress, fragment: "" });
    const { app } = await atCheck(b);
    assert.equal(app.screen.value, "stopped");
    b.address = linkAddress;
    b.fragmentChanged();
    assert.equal(b.address.fragment, "");
    await settle();
    assert.equal(app.screen.value, "check");
  });
});

describe("app: devices", () => {
  it("asks once for both, with echo cancellation and a picture of 1280x720", async () => {
    const { b, app } = await atCheck();
    assert.equal(b.devices.asked.length, 1);
    const { video, audio } = b.devices.asked[0] ?? {};
    assert.deepEqual(video, {
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 30 },
    });
    assert.deepEqual(audio, {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    });
    assert.ok(app.check.preview.value);
    assert.deepEqual(app.check.mic.value.devices, [{ id: "audio-1", label: "mic 1" }]);
  });

  it("explains a denied camera, keeps the microphone, and lets people join", async () => {
    const b = new FakeBrowser(linkAddress);
    b.devices.denied = { video: "NotAllowedError" };
    const { app } = await inMeeting(b);
    assert.equal(app.check.camera.value.problem?.code, "camera-denied");
    assert.equal(app.check.camera.value.on, false);
    assert.equal(app.check.mic.value.problem, null);
    assert.equal(app.screen.value, "meeting");
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, ["mic"]);
  });

  for (const [error, camera, mic] of [
    ["NotAllowedError", "camera-denied", "mic-denied"],
    ["NotFoundError", "no-camera", "no-mic"],
    ["NotReadableError", "device-busy", "device-busy"],
  ] as const) {
    it(`tells ${error} in a person's words, and tries again`, async () => {
      const b = new FakeBrowser(linkAddress);
      b.devices.denied = { video: error, audio: error };
      const { app } = await atCheck(b);
      assert.equal(app.check.camera.value.problem?.code, camera);
      assert.equal(app.check.mic.value.problem?.code, mic);
      b.devices.denied = {};
      app.check.camera.value.problem?.action?.run();
      await settle();
      assert.equal(app.check.camera.value.problem, null);
      assert.ok(app.check.preview.value);
    });
  }

  it("gives the camera back when it is off, and keeps a muted microphone open but unsent", async () => {
    const { b, app } = await withBen();
    const [camera, mic] = b.devices.opened;
    app.meeting.toggleCamera();
    app.meeting.toggleMic();
    await settle();
    assert.equal(camera?.stopped, true);
    assert.equal(mic?.stopped, false);
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, []);
    const senders = b.pcs[0]?.transceivers.map((t) => t.sender.replaced.at(-1));
    assert.deepEqual(senders?.slice(0, 2), [null, null]);
    app.meeting.toggleMic();
    await settle();
    assert.equal(b.pcs[0]?.transceivers[0]?.sender.track, mic);
    assert.equal(b.devices.asked.length, 1, "it asked again");
  });

  it("goes on with another device when one is unplugged", async () => {
    const { b, app } = await atCheck();
    b.devices.opened[0]?.onended?.();
    await settle();
    assert.equal(b.devices.opened.length, 3);
    assert.ok(app.check.preview.value);
  });
});

describe("app: the meeting", () => {
  it("joins, starts the worker with the fresh session, and negotiates both connections at once", async () => {
    const { b, app } = await inMeeting();
    assert.equal(app.screen.value, "meeting");
    const start = b.worker.of("start")[0];
    assert.equal(start?.name, "Ann");
    assert.equal(start?.session, "ann");
    assert.equal(b.socket.of("publish").length, 1);
    assert.equal(b.socket.of("subscribe").length, 1);
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, ["mic", "camera"]);
    assert.equal(app.meeting.security.value.seal, "Waiting for keys");
    assert.equal(app.meeting.security.value.sealed, false);
    await rosterOf(b, [member("ben", 0), member("ann", 1, true)]);
    assert.equal(app.meeting.security.value.seal, "Sealed");
  });

  it("takes names from the group only: a session without a leaf is nobody", async () => {
    const { b, app } = await inMeeting();
    b.socket.say({ type: "arrived", session: "mallory" });
    b.socket.say({ type: "sources_of", session: "mallory", on: ["camera"] });
    assert.deepEqual(
      app.meeting.tiles.value.map((t) => t.session),
      ["ann"],
    );
    await rosterOf(b, [member("ben", 0), member("ann", 1, true)]);
    assert.deepEqual(
      app.meeting.people.value.map((p) => p.name),
      ["Ann", "Ben"],
    );
  });

  it("passes the group's messages through, both ways, unchanged", async () => {
    const { b } = await inMeeting();
    b.socket.say({ type: "asked", generation: 1, from: "cleo", body: "AQID" });
    assert.deepEqual(b.worker.of("group").at(-1)?.message, {
      type: "asked",
      generation: 1,
      from: "cleo",
      body: Uint8Array.of(1, 2, 3),
    });
    b.worker.tell({ type: "send", message: { type: "found", generation: 1 } });
    await settle();
    assert.deepEqual(b.socket.of("found"), [{ type: "found", generation: 1 }]);
  });

  it("shows a waiting tile until a frame was opened and its picture decoded", async () => {
    const { b, app } = await withBen();
    const tile = () => app.meeting.tiles.value.find((t) => t.session === "ben");
    assert.equal(tile()?.video, "waiting");
    b.socket.say({
      type: "seats",
      seats: [{ index: 0, source: "camera", session: "ben", paused: false }],
    });
    await settle();
    assert.match(tile()?.waitingText ?? "", /Receiving the keys of Ben/);
    b.worker.tell({ type: "seat", index: 0, session: "ben", state: "open" });
    await b.clock.pass(500);
    assert.equal(tile()?.video, "waiting", "shown before a picture was there");
    const subscribe = b.pcs[1];
    assert.ok(subscribe);
    subscribe.stats = [{ type: "inbound-rtp", mid: "0", framesDecoded: 1 }];
    await b.clock.pass(100);
    assert.equal(tile()?.video, "on");
    assert.ok(tile()?.stream);
    b.socket.say({
      type: "seats",
      seats: [{ index: 0, source: "camera", session: "", paused: false }],
    });
    assert.equal(tile()?.stream, null, "the picture stays on a seat that is empty");
  });

  it("believes no news of an earlier owner of a seat", async () => {
    const { b, app } = await withBen();
    b.socket.say({
      type: "seats",
      seats: [{ index: 0, source: "camera", session: "ben", paused: false }],
    });
    b.worker.tell({ type: "seat", index: 0, session: "somebody", state: "open" });
    await b.clock.pass(5_000);
    assert.equal(app.meeting.tiles.value.find((t) => t.session === "ben")?.video, "waiting");
  });

  it("tells what is switched on, inside the group, on changes and when somebody joins, once for several", async () => {
    const { b, app } = await withBen();
    await b.clock.pass(200);
    assert.deepEqual(
      b.worker.of("say").map((m) => m.payload),
      [{ kind: "state", mic: true, camera: true, screen: false }],
    );
    await rosterOf(b, [member("ben", 0), member("ann", 1, true), member("cleo", 2)], 2);
    await rosterOf(
      b,
      [member("ben", 0), member("ann", 1, true), member("cleo", 2), member("dan", 3)],
      3,
    );
    await b.clock.pass(200);
    assert.equal(b.worker.of("say").length, 2);
    app.meeting.toggleMic();
    await b.clock.pass(200);
    assert.deepEqual(b.worker.of("say").at(-1)?.payload, {
      kind: "state",
      mic: false,
      camera: true,
      screen: false,
    });
    b.worker.tell({
      type: "said",
      session: "ben",
      name: "Ben",
      self: false,
      payload: { kind: "state", mic: false, camera: true, screen: false },
    });
    await settle();
    assert.equal(app.meeting.tiles.value.find((t) => t.session === "ben")?.muted, true);
  });

  it("says who joined and who left, but not who was there before us", async () => {
    const { b, app } = await withBen();
    const texts = () => app.meeting.notices.value.map((n) => n.text);
    assert.deepEqual(texts(), []);
    b.socket.say({ type: "arrived", session: "cleo" });
    await rosterOf(b, [member("ben", 0), member("ann", 1, true), member("cleo", 2)], 2);
    assert.deepEqual(texts(), ["Cleo joined"]);
    b.socket.say({ type: "left", session: "ben", reason: "left" });
    b.socket.say({ type: "left", session: "cleo", reason: "left" });
    await settle();
    assert.deepEqual(texts(), ["Cleo joined"], "the server's word is no goodbye");
    b.worker.tell({ type: "parted", session: "ben", meant: true, reason: "left" });
    b.worker.tell({ type: "parted", session: "cleo", meant: false, reason: "left" });
    await settle();
    assert.deepEqual(texts(), ["Cleo joined", "Ben left", "Cleo lost the connection"]);
    assert.deepEqual(
      app.meeting.people.value.map((p) => p.name),
      ["Ann"],
      "who has left is still shown",
    );
    await b.clock.pass(60_000);
    assert.deepEqual(texts(), []);
  });

  it("warns of names that look alike, and of known names on new devices, until they are verified", async () => {
    const { b, app } = await withBen();
    const ben = member("ben", 0);
    const ann = member("ann", 1, true);
    const others = [
      { ...member("cleo", 2), name: "Вen" }, // a Cyrillic letter
      { ...member("dora", 3), newDevice: true },
      { ...member("eve", 4), name: "ANN" },
      { ...member("finn", 5), newDevice: true, verified: true },
    ];
    for (const o of others) b.socket.say({ type: "arrived", session: o.session });
    await rosterOf(b, [ben, ann, ...others], 2);
    const warnings = (): string[] =>
      app.meeting.people.value.map((p) => `${p.name}: ${p.warning}`).filter((t) => !/: $/.test(t));
    assert.deepEqual(warnings(), [
      "Ben: has a name that another person here has, too",
      "Вen: has a name that another person here has, too",
      "Dora: a new device: you met this name with another one",
      "ANN: has your name, on another device",
    ]);
    const notice = app.meeting.notices.value.find((n) => n.text.startsWith("Dora"));
    assert.equal(
      notice?.text,
      "Dora joined, and uses a new device: you met this name with another one",
    );
    notice?.action?.run();
    notice?.action?.run();
    assert.equal(app.meeting.panel.value, "security");
    app.meeting.verify(true);
    assert.deepEqual(
      b.worker.got.findLast((m) => m.type === "verify"),
      {
        type: "verify",
        sessions: ["ben", "cleo", "dora", "eve", "finn"],
        on: true,
      },
    );
    await rosterOf(
      b,
      [ben, ann, ...others].map((m) => ({ ...m, verified: true })),
      2,
    );
    assert.deepEqual(warnings(), []);
    assert.deepEqual(
      app.meeting.notices.value.map((n) => n.text),
      ["Finn joined"],
    );
    assert.deepEqual(
      app.meeting.people.value.filter((p) => p.verified).map((p) => p.self),
      [false, false, false, false, false],
    );
  });

  it("marks another tab of ours, and who is away", async () => {
    const { b, app } = await inMeeting();
    await rosterOf(b, [member("ben", 0, false, "d1"), member("ann", 1, true, "d1")]);
    assert.equal(
      app.meeting.people.value.find((p) => p.session === "ben")?.note,
      "another tab of yours",
    );
    b.socket.say({ type: "away", session: "ben", away: true });
    assert.equal(app.meeting.tiles.value.find((t) => t.session === "ben")?.away, true);
  });

  it("carries chat, counts what is unread, and takes the same message once", async () => {
    const { b, app } = await withBen();
    const chat = (id: string, text: string, self = false) =>
      b.worker.tell({
        type: "said",
        session: self ? "ann" : "ben",
        name: self ? "Ann" : "Ben",
        self,
        payload: { kind: "chat", id, text },
      });
    chat("a".repeat(16), "Hello");
    chat("a".repeat(16), "Hello");
    chat("b".repeat(16), "Mine", true);
    await settle();
    assert.deepEqual(
      app.meeting.chat.value.map((m) => m.text),
      ["Hello", "Mine"],
    );
    assert.equal(app.meeting.unread.value, 1);
    app.meeting.openPanel("chat");
    assert.equal(app.meeting.unread.value, 0);
    chat("c".repeat(16), "Seen");
    await settle();
    assert.equal(app.meeting.unread.value, 0);
    assert.equal(app.meeting.sendChat("  ", ""), false);
    assert.equal(app.meeting.sendChat("x".repeat(4001), ""), false);
    assert.equal(app.meeting.sendChat(" Hi ", ""), true);
    const said = b.worker.of("say").at(-1)?.payload;
    assert.ok(said?.kind === "chat");
    assert.equal(said.text, "Hi");
    assert.match(said.id, /^[0-9a-f]{16}$/);
  });

  it("says nothing before the group is there", async () => {
    const { b, app } = await inMeeting();
    assert.equal(app.meeting.sendChat("Hi", ""), false);
    await b.clock.pass(1_000);
    assert.deepEqual(b.worker.of("say"), []);
  });

  it("tells the wanted pictures once for many changes of size, and not twice the same", async () => {
    const { b, app } = await withBen();
    await b.clock.pass(1_000);
    const before = b.socket.of("view").length;
    const key = app.meeting.tiles.value.find((t) => t.session === "ben")?.key ?? "";
    const own = app.meeting.tiles.value.find((t) => t.self)?.key ?? "";
    for (const width of [100, 200, 320.4]) {
      const size = { width, height: width / 2 };
      app.meeting.setTileSizes(
        new Map([
          [own, size],
          [key, size],
        ]),
      );
    }
    await b.clock.pass(149);
    assert.equal(b.socket.of("view").length, before);
    await b.clock.pass(1);
    assert.deepEqual(
      b.socket
        .of("view")
        .slice(before)
        .map((v) => v.tiles),
      [[{ session: "ben", source: "camera", width: 320, height: 160 }]],
    );
    app.meeting.setTileSizes(new Map([[key, { width: 320, height: 160 }]]));
    await b.clock.pass(1_000);
    assert.equal(b.socket.of("view").length, before + 1);
    app.meeting.setTileSizes(new Map([[key, { width: Number.NaN, height: 9 }]]));
    await b.clock.pass(150);
    assert.deepEqual(b.socket.of("view").at(-1)?.tiles, []);
    app.meeting.setTileSizes(new Map([[key, { width: 99_999, height: 9 }]]));
    await b.clock.pass(150);
    assert.equal(b.socket.of("view").at(-1)?.tiles[0]?.width, 16_384, "more than the server takes");
  });

  it("shares a screen with its sound, and stops when the browser's own button is pressed", async () => {
    const { b, app } = await withBen();
    app.meeting.toggleShare();
    await settle();
    assert.equal(app.meeting.sharing.value, true);
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, [
      "mic",
      "camera",
      "screen",
      "screen-audio",
    ]);
    const video = b.devices.opened.find((t) => t.contentHint === "detail");
    assert.ok(video, "the screen is not marked as detail");
    video.onended?.();
    await settle();
    assert.equal(app.meeting.sharing.value, false);
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, ["mic", "camera"]);
    assert.equal(b.pcs[0]?.transceivers[2]?.sender.track, null);
  });

  it("copies the link with its secret, and says so", async () => {
    const { b, app } = await withBen();
    app.meeting.copyLink();
    await settle();
    assert.deepEqual(b.copied, [`https://meet.example/r/${theRoom}${theFragment}`]);
    assert.match(app.meeting.notices.value[0]?.text ?? "", /copied/);
  });
});
