/** The meeting's link changes while one is in it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { base64url } from "../e2ee/bytes";
import { FakeBrowser, settle, theRoom } from "./fake";
import type { AppModel } from "./model";
import { inMeeting, linkAddress, noRules, withBen } from "./steps";

const secret = new Uint8Array(32).fill(7);
const token = new Uint8Array(32).fill(8);
const order = {
  number: 2,
  tokenHash: new Uint8Array(32).fill(9),
  card: Uint8Array.of(1, 2, 3),
};
const signature = new Uint8Array(64).fill(4);
const newLink = `https://meet.example/r/${theRoom}#1.${base64url(secret)}`;

async function relinked(b: FakeBrowser, host = false): Promise<void> {
  b.worker.tell({ type: "access", moderates: host, host, rules: noRules, waiting: [] });
  b.worker.tell({ type: "relinked", secret, token, order });
  await settle();
}

const notice = (app: AppModel) => app.meeting.notices.value.at(-1);

describe("another link", () => {
  it("is shown and copied, and everybody is told", async () => {
    for (const host of [true, false]) {
      const { b, app } = await withBen();
      await relinked(b, host);
      assert.equal(app.meeting.link.value, newLink);
      const told = notice(app);
      assert.match(told?.text ?? "", host ? /has a new link/ : /host has changed/);
      told?.action?.run();
      await settle();
      assert.deepEqual(b.copied, [newLink]);
      assert.equal(b.address.fragment, "", "the secret is in the address");
    }
  });

  it("is what a reload comes back by, and a socket that broke", async () => {
    const { b } = await withBen();
    await relinked(b);
    const again = new FakeBrowser({ ...linkAddress, fragment: "" });
    again.tab.set(`room:${theRoom}`, b.tab.get(`room:${theRoom}`) ?? "");
    await inMeeting(again);
    assert.deepEqual([...(again.workers[0]?.of("open")[0]?.secret ?? [])], [...secret]);
    b.socket.break();
    await b.clock.pass(2_000);
    b.socket.open();
    assert.deepEqual(b.socket.of("join")[0]?.token, token);
  });

  it("is what the room is made again by, with the host's order, for which the server is asked", async () => {
    const { b } = await withBen();
    b.ordered = { number: 2, relink: signature };
    await relinked(b);
    await b.clock.pass(30_000);
    b.socket.break();
    await b.clock.pass(2_000);
    b.socket.open();
    b.socket.say({ type: "refused", code: "refused", text: "" });
    await settle();
    const made = b.created.at(-1);
    assert.deepEqual([made?.number, made?.relink, made?.card], [2, signature, order.card]);
    assert.deepEqual(made?.tokenHash, order.tokenHash);
  });

  it("ends who came by the one before and is not in, and says why", async () => {
    const { b, app } = await inMeeting();
    b.socket.say({ type: "ended", reason: "relinked", text: "" });
    await settle();
    assert.equal(app.screen.value, "stopped");
    assert.equal(app.stopped.value?.code, "relinked");
    assert.equal(app.stopped.value?.action, undefined, "by this link he cannot come back");
  });

  it("is none while people are here by too many older ones, and the host is told", async () => {
    const { b, app } = await withBen();
    const { link } = app.meeting;
    const before = link.value;
    b.worker.tell({ type: "link_stays" });
    await settle();
    assert.match(notice(app)?.text ?? "", /was not changed/);
    assert.equal(notice(app)?.kind, "warn");
    assert.equal(link.value, before);
  });

  it("is ordered by the host's page", async () => {
    const { b, app } = await withBen();
    app.meeting.door.remove("ben");
    app.meeting.host.changeLink();
    const sent = b.worker.got.map((m) => m.type).slice(-2);
    assert.deepEqual(sent, ["remove", "change_link"]);
  });
});
