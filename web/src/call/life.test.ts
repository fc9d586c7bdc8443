import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDepart } from "../wire/wire.gen";
import { FakeBrowser, settle, theRoom } from "./fake";
import { atCheck, inMeeting, joinedMessage, linkAddress, member, rosterOf, withBen } from "./steps";

const seat = (session: string) => ({
  type: "seats",
  seats: [{ index: 0, source: "camera", session, paused: false }],
});
const refusedMessage = { type: "refused", code: "refused", text: "" };

describe("meeting: a broken socket", () => {
  it("is resumed without a new leaf, new media or a change on the screen", async () => {
    const { b, app } = await withBen();
    b.socket.break();
    assert.equal(app.meeting.connection.value, "reconnecting");
    assert.equal(app.meeting.security.value.seal, "Reconnecting");
    await b.clock.pass(250);
    assert.equal(b.sockets.length, 2);
    b.socket.open();
    b.socket.say(joinedMessage("ann", [], { resumed: true, received: 3 }));
    await settle();
    assert.equal(app.meeting.connection.value, "connected");
    assert.equal(b.worker.of("start").length, 1);
    assert.equal(b.pcs.length, 2);
    assert.deepEqual(
      app.meeting.people.value.map((p) => p.name),
      ["Ann", "Ben"],
    );
  });

  it("is tried at once when the network is back, and a socket that looks alive is put to the test", async () => {
    const { b } = await withBen();
    b.socket.break();
    b.online();
    assert.equal(b.sockets.length, 2);
    b.socket.open();
    b.socket.say(joinedMessage("ann", [], { resumed: true, received: 99 }));
    const before = b.socket.of("view").length;
    b.online();
    assert.equal(b.socket.of("view").length, before + 1, "nothing was sent that needs an answer");
    await b.clock.pass(10_000);
    assert.equal(b.sockets[1]?.closed, true, "a dead socket is kept");
  });

  it("is told about after a minute, and tried on", async () => {
    const { b, app } = await withBen();
    b.socket.break();
    const told = () =>
      app.meeting.notices.value.some((n) => /not answered for a minute/.test(n.text));
    for (let i = 0; i < 12; i++) {
      await b.clock.pass(4_900);
      b.socket.break();
    }
    assert.equal(told(), false);
    await b.clock.pass(1_500);
    assert.equal(told(), true);
    const tried = b.sockets.length;
    await b.clock.pass(30_000);
    assert.ok(b.sockets.length > tried);
    assert.equal(app.screen.value, "meeting");
  });

  it("that never came up is told about at the check, and forgotten when it does", async () => {
    const { b, app } = await atCheck();
    app.check.setName("Ann");
    app.check.join();
    await b.clock.pass(8_000);
    assert.equal(app.check.problem.value?.code, "server-gone");
    assert.equal(app.check.joining.value, true);
    b.socket.open();
    b.socket.say(joinedMessage("ann", []));
    assert.equal(app.screen.value, "meeting");
    assert.equal(app.check.problem.value, null);
  });
});

describe("meeting: a restarted server", () => {
  it("gets its room back from us, and we start over by ourselves with all that was switched on", async () => {
    const { b, app } = await withBen();
    app.meeting.toggleMic();
    app.meeting.toggleShare();
    await settle();
    b.socket.say(seat("ben"));
    b.socket.break();
    await b.clock.pass(250);
    b.socket.open();
    b.socket.say(refusedMessage);
    await settle();
    assert.equal(b.created.length, 1);
    assert.equal(b.created[0]?.room, theRoom);
    b.socket.open();
    b.socket.say(joinedMessage("ann2", [], { incarnation: "i2" }));
    await settle();
    const starts = b.worker.of("start");
    assert.deepEqual(
      starts.map((s) => [s.session, s.founded]),
      [
        ["ann", true],
        ["ann2", false],
      ],
    );
    assert.equal(b.pcs.length, 4);
    assert.deepEqual([b.pcs[0]?.connectionState, b.pcs[1]?.connectionState], ["closed", "closed"]);
    assert.deepEqual(b.socket.of("sources").at(-1)?.on, ["camera", "screen", "screen-audio"]);
    const senders = b.pcs[2]?.transceivers.map(
      (t) => t.sender.track !== null && t.sender.replaced.length > 0,
    );
    assert.deepEqual(senders, [false, true, true, true]);
    assert.equal(app.screen.value, "meeting");
    assert.deepEqual(b.worker.of("seats").at(-1)?.seats, [
      { index: 0, source: "camera", session: "" },
    ]);
    // No answer came to the offer of the first session, and none will.
    b.socket.say({ type: "published", sdp: "answer" });
    await settle();
    assert.equal(b.pcs[2]?.remoteDescription?.sdp, "answer");
  });

  it("that is still away is asked again, and one that refuses for good ends the meeting", async () => {
    const { b, app } = await withBen();
    b.creating = "unreachable";
    b.socket.break();
    await b.clock.pass(250);
    b.socket.open();
    b.socket.say(refusedMessage);
    await b.clock.pass(10_000);
    assert.equal(app.screen.value, "meeting");
    assert.equal(app.meeting.connection.value, "reconnecting");
    const sockets = b.sockets.length;
    b.creating = "ok";
    await b.clock.pass(2_000);
    assert.equal(b.sockets.length, sockets + 1);
    b.creating = "refused";
    b.socket.open();
    b.socket.say(refusedMessage);
    await settle();
    assert.equal(app.screen.value, "stopped");
    assert.equal(app.stopped.value?.code, "refused");
  });

  it("says that the server is to restart, and when", async () => {
    const { b, app } = await withBen();
    b.socket.say({ type: "closing", seconds: 890 });
    const notice = app.meeting.notices.value.at(-1);
    assert.match(notice?.text ?? "", /restarts within 15 minutes/);
    assert.equal(notice?.kind, "warn");
  });

  it("shows the tile of somebody whose session stayed the same as waiting, not for ever", async () => {
    const { b, app } = await withBen();
    b.socket.say(seat("ben"));
    b.worker.tell({ type: "seat", index: 0, session: "ben", state: "open" });
    await b.clock.pass(3_000);
    assert.equal(app.meeting.tiles.value.find((t) => t.session === "ben")?.video, "on");
    b.socket.say({ type: "media_lost", reason: "" });
    await b.clock.pass(500);
    assert.equal(app.meeting.tiles.value.find((t) => t.session === "ben")?.video, "waiting");
    // The worker is told that the seat is empty: only then will it tell again that it is open.
    assert.deepEqual(b.worker.of("seats").at(-1)?.seats, [
      { index: 0, source: "camera", session: "" },
    ]);
  });
});

describe("meeting: refusals", () => {
  for (const [code, problem] of [
    ["full", "full"],
    ["refused", "refused"],
  ] as const) {
    it(`before the first join: ${code} ends it, and the camera goes off`, async () => {
      const { b, app } = await atCheck();
      app.check.setName("Ann");
      app.check.join();
      b.socket.open();
      b.socket.say({ type: "refused", code, text: "" });
      await settle();
      assert.equal(app.stopped.value?.code, problem);
      assert.equal(b.created.length, 0, "a room that we never were in was made");
      assert.ok(b.devices.opened.every((t) => t.stopped));
      app.stopped.value?.action?.run();
      await settle();
      assert.equal(app.screen.value, "check");
      assert.equal(app.check.canJoin.value, true);
    });
  }
});

describe("meeting: media", () => {
  it("seals and opens from the first frame on: transforms are set before any negotiation", async () => {
    const { b } = await inMeeting();
    const [publish, subscribe] = b.pcs;
    const options = publish?.transceivers.map(
      (t) => (t.sender.transform as { options: unknown } | null)?.options,
    );
    assert.deepEqual(
      options,
      ["mic", "camera", "screen", "screen-audio"].map((source) => ({
        op: "seal",
        source,
        connection: 1,
      })),
    );
    assert.equal(subscribe?.transceivers.length, 22);
    for (const [i, t] of (subscribe?.transceivers ?? []).entries()) {
      const o = (t.receiver.transform as { options: { op: string; seat: number } } | null)?.options;
      assert.deepEqual([o?.op, o?.seat], ["open", i]);
    }
  });

  it("makes lost connections again: failed at once, disconnected after 3 s", async () => {
    const { b } = await inMeeting();
    b.pcs[0]?.become("failed");
    await b.clock.pass(499);
    assert.equal(b.pcs.length, 2);
    await b.clock.pass(1);
    assert.equal(b.pcs.length, 4);
    b.pcs[3]?.become("disconnected");
    await b.clock.pass(2_999);
    b.pcs[3]?.become("connected");
    await b.clock.pass(20_000);
    assert.equal(b.pcs.length, 4, "a hiccup cost a new connection");
    b.pcs[3]?.become("disconnected");
    await b.clock.pass(3_000 + 1_000);
    assert.equal(b.pcs.length, 6);
  });

  it("tries less and less often, and says that the network blocks media", async () => {
    const { b, app } = await inMeeting();
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = b.pcs.length;
      b.pcs.at(-1)?.become("failed");
      let waited = 0;
      while (b.pcs.length === before) {
        await b.clock.pass(500);
        waited += 500;
      }
      pauses.push(waited);
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    assert.equal(app.screen.value, "meeting");
    b.pcs.at(-2)?.become("connected");
    b.pcs.at(-1)?.become("connected");
    b.pcs.at(-1)?.become("failed");
    const before = b.pcs.length;
    await b.clock.pass(500);
    assert.equal(b.pcs.length, before + 2, "the pause is not short again after it worked");
  });

  it("says so when media does not get through", async () => {
    const { b, app } = await inMeeting();
    for (const wait of [500, 1_000]) {
      b.pcs.at(-1)?.become("failed");
      await b.clock.pass(wait);
    }
    const told = () => app.meeting.notices.value.some((n) => /do not get through/.test(n.text));
    assert.equal(told(), false);
    b.pcs.at(-1)?.become("failed");
    assert.equal(told(), true);
  });

  it("does not take the answer to an earlier offer for its own", async () => {
    const { b } = await inMeeting();
    b.pcs[0]?.become("failed");
    await b.clock.pass(500);
    b.socket.say({ type: "published", sdp: "answer to the first" });
    await settle();
    const sdp = () => b.pcs[2]?.remoteDescription?.sdp;
    assert.equal(sdp(), undefined);
    b.socket.say({ type: "published", sdp: "answer to the second" });
    await settle();
    assert.equal(sdp(), "answer to the second");
  });

  it("asks for more seats when the meeting outgrows nine, by one more offer", async () => {
    const { b } = await inMeeting();
    const many = Array.from({ length: 11 }, (_, i) => member(`p${i}`, i, i === 0));
    await rosterOf(b, many);
    assert.equal(b.socket.of("subscribe").length, 1, "an offer before the first was answered");
    b.socket.say({ type: "subscribed", sdp: "answer" });
    await settle();
    const offers = b.socket.of("subscribe");
    assert.equal(offers.length, 2);
    const kinds = offers[1]?.seats ?? [];
    const count = (kind: string) => kinds.filter((k) => k === kind).length;
    assert.deepEqual(["camera", "mic", "screen", "screen-audio"].map(count), [25, 16, 2, 2]);
    assert.deepEqual(
      kinds.slice(0, 22),
      offers[0]?.seats,
      "the seats that were there have changed",
    );
    await rosterOf(b, [...many, member("more", 20)], 2);
    assert.equal(b.socket.of("subscribe").length, 2);
  });

  it("stops a source of which more left than was sealed, and says so", async () => {
    const { b, app } = await withBen();
    const publish = b.pcs[0];
    assert.ok(publish);
    publish.stats = [{ type: "outbound-rtp", kind: "video", mid: "1", framesSent: 45 }];
    await b.clock.pass(2_000);
    assert.equal(app.meeting.camera.value.on, true, "frames on their way are no alarm");
    b.worker.counters.unsealed.camera = 100; // dropped for want of a key, and counted as sent by the browser
    publish.stats = [{ type: "outbound-rtp", kind: "video", mid: "1", framesSent: 145 }];
    await b.clock.pass(2_000);
    assert.equal(app.meeting.camera.value.on, true, "frames that the worker dropped are no alarm");
    publish.stats = [{ type: "outbound-rtp", kind: "video", mid: "1", framesSent: 146 }];
    await b.clock.pass(2_000);
    assert.equal(app.meeting.camera.value.on, false);
    assert.equal(app.meeting.camera.value.problem?.code, "unsealed");
    assert.equal(publish.transceivers[1]?.sender.track, null);
    assert.equal(b.devices.opened[0]?.stopped, true);
    assert.equal(app.meeting.mic.value.on, true);
    assert.ok(app.meeting.notices.value.some((n) => n.kind === "warn"));
  });
});

describe("meeting: the end", () => {
  it("leaves at once: told to the server, keys wiped, devices off; a reload then asks again", async () => {
    const { b, app } = await withBen();
    assert.match(b.tab.get(`room:${theRoom}`) ?? "", /"inside":true/);
    const body = Uint8Array.of(1, 2, 3);
    b.worker.tell({ type: "parting", body });
    await settle();
    app.meeting.leave();
    assert.equal(app.screen.value, "left");
    assert.deepEqual(b.socket.sent.at(-1), { type: "leave", body });
    assert.equal(b.worker.got.at(-1)?.type, "stop");
    assert.equal(b.worker.terminated, true);
    assert.ok(b.devices.opened.every((t) => t.stopped));
    assert.ok(b.pcs.every((pc) => pc.connectionState === "closed"));
    assert.match(b.tab.get(`room:${theRoom}`) ?? "", /"inside":false/);
    const sockets = b.sockets.length;
    await b.clock.pass(120_000);
    assert.equal(b.sockets.length, sockets);
  });

  it("joins again from there", async () => {
    const { b, app } = await withBen();
    app.meeting.leave();
    app.rejoin();
    await settle();
    assert.equal(app.screen.value, "check");
    app.check.join();
    b.socket.open();
    b.socket.say(joinedMessage("ann3", []));
    assert.equal(app.screen.value, "meeting");
    assert.equal(b.workers.length, 2);
  });

  it("a page that goes away leaves, too; loaded again it is straight back in with the same name, without waiting for a camera", async () => {
    const { b } = await withBen();
    b.leavePage();
    assert.equal(b.socket.sent.at(-1)?.type, "leave");

    const again = new FakeBrowser({ ...linkAddress, fragment: "" });
    for (const [k, v] of b.tab.all) again.tab.set(k, v);
    for (const [k, v] of b.browser.all) again.browser.set(k, v);
    again.devices.getUserMedia = () => new Promise(() => {}); // the browser asks, and nobody answers
    const { app } = await atCheck(again);
    again.socket.open();
    again.socket.say(joinedMessage("ann2", [{ session: "ben" }]));
    await settle();
    assert.equal(app.screen.value, "meeting");
    assert.equal(again.worker.of("start")[0]?.name, "Ann");
    assert.equal(
      app.meeting.link.value,
      `https://meet.example/r/${theRoom}${linkAddress.fragment}`,
    );
  });

  it("a page whose socket the browser has closed before it goes away leaves all the same", async () => {
    const { b } = await withBen();
    const body = Uint8Array.of(1, 2, 3);
    b.worker.tell({ type: "parting", body });
    await settle();
    b.socket.readyState = 3;
    b.leavePage();
    b.leavePage();
    assert.deepEqual(b.socket.of("leave"), []);
    const { session, secret } = joinedMessage("ann", []);
    const own = { session, secret: new Uint8Array(Buffer.from(secret, "base64")) };
    const said = await Promise.all(b.beacons);
    assert.deepEqual(
      said.map(({ path, text }) => ({ path, ...parseDepart(text) })),
      [{ path: "/api/leave", room: theRoom, ...own, body }],
    );
  });

  it("keeps what was switched off over a reload", async () => {
    const { b, app } = await withBen();
    app.meeting.toggleCamera();
    await settle();
    b.leavePage();
    const again = new FakeBrowser({ ...linkAddress, fragment: "" });
    for (const [k, v] of b.tab.all) again.tab.set(k, v);
    for (const [k, v] of b.browser.all) again.browser.set(k, v);
    await inMeeting(again);
    assert.deepEqual(again.socket.of("sources").at(-1)?.on, ["mic"]);
  });

  it("tells when the worker died or gave up", async () => {
    const { b, app } = await withBen();
    b.worker.onerror?.({} as ErrorEvent);
    assert.equal(app.stopped.value?.code, "worker");
    const second = await withBen();
    second.b.worker.tell({
      type: "fault",
      code: "internal",
      text: "The meeting's group could not be joined.",
    });
    await settle();
    assert.equal(second.app.stopped.value?.text, "The meeting's group could not be joined.");
    assert.equal(second.b.socket.sent.at(-1)?.type, "leave");
  });

  it("ignores what is in the tab's storage and makes no sense", async () => {
    for (const text of ["{", "7", "null", '{"secret":"AAA*"}', '{"secret":7}']) {
      const b = new FakeBrowser({ ...linkAddress, fragment: "" });
      b.tab.set(`room:${theRoom}`, text);
      assert.equal((await atCheck(b)).app.stopped.value?.code, "link", text);
    }
  });

  it("saves data: asks for small cameras, and does not send the largest layer of its own", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    const key = m.tiles.value.find((t) => t.session === "ben")?.key ?? "";
    const camera = (): unknown => b.pcs[0]?.transceivers[1]?.sender.active();
    const asked = (): unknown[] | undefined =>
      b.socket
        .of("view")
        .at(-1)
        ?.tiles.map((t) => [t.width, t.height]);
    b.socket.say({ type: "published", sdp: "answer" });
    b.socket.say({ type: "demand", camera: 3, screen: 0, codecs: ["vp8"] });
    m.setTileSizes(new Map([[key, { width: 1200, height: 675 }]]));
    await b.clock.pass(200);
    assert.deepEqual([asked(), camera()], [[[1200, 675]], [true, true, true]]);
    m.settings.setSaving(true);
    await b.clock.pass(200);
    assert.deepEqual([asked(), camera()], [[[320, 180]], [true, true, false]]);
    b.socket.say({ type: "demand", camera: 1, screen: 0, codecs: ["vp8"] });
    await b.clock.pass(0);
    assert.deepEqual(camera(), [true, false, false]);
    m.settings.setSaving(false);
    b.socket.say({ type: "demand", camera: 3, screen: 0, codecs: ["vp8"] });
    await b.clock.pass(200);
    assert.deepEqual([asked(), camera()], [[[1200, 675]], [true, true, true]]);
  });

  it("sends the camera in one stream of spatial layers where it may, and in three where the browser refuses", async () => {
    for (const [processors, search, codecs, refuses, spatial] of [
      [8, "", ["vp8", "vp9"], false, true],
      [2, "?processors=8", ["vp8", "vp9"], false, true],
      [7, "", ["vp8", "vp9"], false, false],
      [8, "?codec=vp8", ["vp8"], false, false],
      [8, "", ["vp8", "vp9"], true, false],
    ] as const) {
      const { b } = await withBen();
      b.env.processors = processors;
      b.address.search = search;
      b.socket.say({ type: "published", sdp: "answer" });
      b.socket.say({ type: "media_lost", reason: "test" });
      await b.clock.pass(500);
      await settle();
      const camera = b.pcs[2]?.transceivers[1]?.sender;
      assert.ok(camera);
      camera.codecs = ["video/VP8", "video/VP9"].map((mimeType) => ({
        mimeType,
        clockRate: 90_000,
        payloadType: 0,
      }));
      const set = camera.setParameters.bind(camera);
      const tried: unknown[] = [];
      camera.setParameters = async (p) => {
        const mode = (p.encodings[0] as { scalabilityMode?: string }).scalabilityMode;
        tried.push(mode);
        if (refuses && mode !== "L1T3") throw new DOMException("", "OperationError");
        await set(p);
      };
      b.socket.say({ type: "published", sdp: "answer" });
      b.socket.say({ type: "demand", camera: 3, screen: 0, codecs: [...codecs] });
      await b.clock.pass(0);
      const what = `${processors} ${search} ${codecs} ${refuses}`;
      assert.deepEqual(camera.active(), spatial ? [true, false, false] : [true, true, true], what);
      assert.equal(tried.includes("L3T3_KEY"), spatial || refuses, what);
      assert.equal(tried.at(-1), spatial ? "L3T3_KEY" : "L1T3", what);
      b.socket.say({ type: "demand", camera: 3, screen: 0, codecs: ["vp8"] });
      await b.clock.pass(0);
      assert.deepEqual(camera.active(), [true, true, true], what);
    }
  });

  it("asks at once for the pictures of a page that was hidden", async () => {
    const { b, app } = await withBen();
    const key = app.meeting.tiles.value.find((t) => t.session === "ben")?.key ?? "";
    const asked = () => b.socket.of("view").at(-1)?.tiles.length;
    const size = { width: 640, height: 360 };
    app.meeting.setTileSizes(new Map([[key, size]]));
    await b.clock.pass(200);
    app.meeting.setTileSizes(new Map());
    await b.clock.pass(200);
    assert.equal(asked(), 0);
    app.meeting.setTileSizes(new Map([[key, size]]));
    assert.equal(asked(), 1);
  });

  it("sends as many layers as somebody watches, also over a new connection", async () => {
    const { b } = await withBen();
    const sent = (pc: number): unknown =>
      b.pcs[pc]?.transceivers.slice(1, 3).map((t) => t.sender.active());
    assert.deepEqual(sent(0), [[true, true, true], [true]]);
    b.socket.say({ type: "published", sdp: "answer" });
    await settle();
    b.socket.say({ type: "demand", camera: 1, screen: 0, codecs: ["vp8"] });
    b.socket.say({ type: "demand", camera: 2, screen: 0, codecs: ["vp8"] });
    await settle();
    assert.deepEqual(sent(0), [[true, true, false], [false]]);
    b.socket.say({ type: "demand", camera: 0, screen: 1, codecs: ["vp8"] });
    await settle();
    assert.deepEqual(sent(0), [[false, false, false], [true]]);
    b.socket.say({ type: "media_lost", reason: "test" });
    await b.clock.pass(500);
    await settle();
    assert.deepEqual(sent(2), [[true, true, true], [true]], "before the answer nothing is touched");
    b.socket.say({ type: "published", sdp: "answer" });
    b.socket.say({ type: "demand", camera: 3, screen: 1, codecs: ["vp8"] });
    await settle();
    assert.deepEqual(sent(2), [[true, true, true], [true]]);
  });
});
