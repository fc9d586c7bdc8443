import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FakeBrowser } from "./fake";
import { member, rosterOf, withBen } from "./steps";

const says = async (b: FakeBrowser, by: string, session: string): Promise<void> => {
  const payload = { kind: "spotlight", session, source: "camera" } as const;
  b.worker.tell({ type: "said", session: by, name: by, self: by === "ann", payload });
  await b.clock.pass(0);
};
const said = (b: FakeBrowser): string[] =>
  b.worker
    .of("say")
    .map((m) => m.payload)
    .filter((p) => p.kind === "spotlight")
    .map((p) => p.session);
const host = { ...member("ben", 0), role: "host" as const };
const ann = { ...member("ann", 1, true), role: "moderator" as const };
const cleo = member("cleo", 2);

describe("meeting: spotlight", () => {
  it("is what was said last, and ends when that is said", async () => {
    const { b, app } = await withBen();
    const { key } = app.meeting.spotlight;
    await rosterOf(b, [host, ann, cleo], 2);
    await says(b, "ben", "cleo");
    assert.equal(key.value, "cleo camera");
    await says(b, "ben", "ann");
    assert.equal(key.value, "ann camera");
    const told = () => app.meeting.notices.value.filter((n) => n.text.includes("large")).length;
    assert.equal(told(), 1);
    await says(b, "ben", "ann"); // again, for somebody who joined
    assert.equal(told(), 1);
    await says(b, "ben", "");
    assert.equal(key.value, "");
  });

  it("ends with who is shown, and with who wanted it or may not any more", async () => {
    const { b, app } = await withBen();
    const { key } = app.meeting.spotlight;
    await rosterOf(b, [host, ann, cleo], 2);
    await says(b, "ben", "cleo");
    await rosterOf(b, [host, ann], 3);
    assert.equal(key.value, "");
    await rosterOf(b, [host, ann, cleo], 4);
    await says(b, "ben", "cleo");
    await rosterOf(b, [{ ...host, role: "" }, ann, cleo], 5);
    assert.equal(key.value, "");
    await says(b, "ann", "cleo");
    await rosterOf(b, [host, ann, cleo], 6);
    assert.equal(key.value, "cleo camera");
    await rosterOf(b, [ann, cleo], 7);
    assert.equal(key.value, "cleo camera", "Ben had not said it");
  });

  it("is said by the one who wants it, and again to who comes later", async () => {
    const { b, app } = await withBen();
    const { spotlight } = app.meeting;
    await rosterOf(b, [host, ann], 2);
    spotlight.toggle("ben", "camera");
    assert.deepEqual(said(b), ["ben"]);
    await says(b, "ann", "ben");
    await rosterOf(b, [host, ann, cleo], 3);
    await b.clock.pass(1_000);
    assert.deepEqual(said(b), ["ben", "ben"]);
    spotlight.toggle("ben", "camera");
    assert.deepEqual(said(b), ["ben", "ben", ""]);
    await says(b, "ann", "");
    await rosterOf(b, [host, ann], 4);
    await rosterOf(b, [host, ann, cleo], 5);
    await b.clock.pass(1_000);
    assert.equal(said(b).length, 3);
  });
});
