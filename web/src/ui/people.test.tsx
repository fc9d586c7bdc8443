import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Person } from "../call/model";
import { speak } from "../call/words";
import { byHand, isCalled } from "./people";
import { readAloud } from "./text";

describe("people", () => {
  it("have raised hands first, in their line, and the rest in place", () => {
    const people = [
      ["Ann", 0],
      ["Ben", 2],
      ["Cleo", 0],
      ["Dan", 1],
    ].map(([name, hand]) => ({ name, hand }) as Person);
    assert.deepEqual(
      byHand(people).map((p) => p.name),
      ["Dan", "Ben", "Ann", "Cleo"],
    );
  });
  it("are found by any words of the name, without case and accents", () => {
    const found = (sought: string): string[] =>
      ["Zoë Müller", "Ann-Marie Öztürk", "نورا الحسن", "王小明"].filter((n) => isCalled(n, sought));
    assert.equal(found(" ").length, 4);
    assert.deepEqual(found("muller zoe"), ["Zoë Müller"]);
    assert.deepEqual(found("MARIE"), ["Ann-Marie Öztürk"]);
    assert.deepEqual(found("öz"), ["Ann-Marie Öztürk"]);
    assert.deepEqual(found("الحسن"), ["نورا الحسن"]);
    assert.deepEqual(found("小明"), ["王小明"]);
    assert.deepEqual(found("zoe marie"), []);
  });
});

describe("reading aloud", () => {
  it("names two, counts more, and says each reaction once", () => {
    const none = { names: [], signs: [] };
    assert.equal(
      readAloud({ hands: ["Ann", "Ben"], reactions: none }),
      "Ann and Ben raised a hand.",
    );
    assert.equal(
      readAloud({ hands: [], reactions: { names: ["A", "B", "C"], signs: ["heart", "thumb"] } }),
      "3 people: heart and thumbs up.",
    );
  });

  it("keeps the capitals of German nouns", async () => {
    const reactions = { names: ["Ann"], signs: ["heart" as const] };
    await speak("de");
    assert.equal(readAloud({ hands: [], reactions }), "Ann: Herz.");
    await speak("en");
  });
});
