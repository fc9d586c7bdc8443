import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN, type Policy } from "./access";
import { ACT } from "./acts";
import type { LeafInfo } from "./leaf";
import { checkSaid } from "./orders";
import type { AppPayload } from "./protocol";

const device = new Uint8Array(32).fill(1);
const moderator = new Uint8Array(32).fill(2);
const from = (deviceKey: Uint8Array) => ({ deviceKey }) as unknown as LeafInfo;
const id = "0123456789abcdef";
/** By everything that puts words of one's own before others. */
const words: AppPayload[] = [
  { kind: "chat", id, text: "x" },
  { kind: "file", id, name: "a", size: 1, type: "", key: "", digest: "" },
  { kind: "poll", id, question: "x?", options: ["y", "n"], multiple: false },
  { kind: "direct", box: "" },
  { kind: "draw", strokes: [{ id, shape: "text", ink: 0, size: 1, points: [1, 2], text: "x" }] },
];
const others: AppPayload[] = [
  { kind: "state", mic: false, camera: false, screen: false },
  { kind: "hand", ticket: 1 },
  { kind: "reaction", sign: "heart" },
  { kind: "vote", asker: "s", poll: id, choices: [0] },
];

test("said: nothing that is written is heard of who may not write, and everything else is", () => {
  const grant = { number: 1, own: moderator, moderators: [moderator], signature: moderator };
  const silent = { ...OPEN, number: 1, withheld: ACT.chat, grant } as unknown as Policy;
  for (const said of words) {
    assert.throws(() => checkSaid(silent, from(device), said), /may not write/, said.kind);
    checkSaid(silent, from(moderator), said);
    checkSaid({ ...OPEN, number: 1 }, from(device), said);
    const excepted = { ...silent, exceptions: [{ device, withheld: 0 }] } as unknown as Policy;
    checkSaid(excepted, from(device), said);
  }
  for (const said of others) checkSaid(silent, from(device), said);
});

test("said: who is no moderator mutes nobody and shows nobody to all", () => {
  const grant = { number: 1, own: moderator, moderators: [moderator], signature: moderator };
  const hosted = { ...OPEN, number: 1, grant } as unknown as Policy;
  for (const said of [
    { kind: "mute", session: "s", source: "mic" },
    { kind: "spotlight", session: "s", source: "camera" },
  ] as const) {
    assert.throws(() => checkSaid(hosted, from(device), said), /nobody/, said.kind);
    checkSaid(hosted, from(moderator), said);
    assert.throws(() => checkSaid({ ...OPEN, number: 1 }, from(device), said), /nobody/, said.kind);
  }
});
