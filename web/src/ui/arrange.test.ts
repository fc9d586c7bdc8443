import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrange, type Look, largeOnes, paginate, type Shown } from "./arrange";
import { fits } from "./grid";

const camera = (session: string, more: Partial<Shown> = {}): Shown => ({
  key: `${session} camera`,
  session,
  source: "camera",
  self: session === "me",
  video: "on",
  ...more,
});
const screen = camera("ben", { key: "ben screen", source: "screen" });
const crowd = (n: number, more: Partial<Shown> = {}): Shown[] => [
  camera("me"),
  ...Array.from({ length: n - 1 }, (_, i) => camera(`p${i}`, more)),
];
const plain: Look = { mode: "grid", pinned: "", lead: "", ownHidden: false, page: 0 };
const stage = { width: 1248, height: 660 };
const keys = (tiles: readonly Shown[], look: Partial<Look>) => [
  ...largeOnes(tiles, { ...plain, ...look }),
];

describe("what is large", () => {
  const people = [camera("me"), camera("ben"), camera("cleo")];
  it("is what is pinned before screens, and screens before who speaks", () => {
    const all = [screen, ...people];
    assert.deepEqual(keys(all, { pinned: "cleo camera", mode: "speaker" }), ["cleo camera"]);
    assert.deepEqual(keys(all, { pinned: "gone camera", lead: "cleo" }), ["ben screen"]);
    assert.deepEqual(keys(people, { mode: "speaker", lead: "cleo" }), ["cleo camera"]);
    assert.deepEqual(keys(people, { lead: "cleo" }), []);
  });
  it("is somebody else while nobody has spoken, and nobody when one is alone", () => {
    assert.deepEqual(keys(people, { mode: "speaker" }), ["ben camera"]);
    assert.deepEqual(keys([camera("me")], { mode: "speaker" }), []);
  });
});

describe("pages", () => {
  it("lose nobody and keep the order, whatever is on", () => {
    for (const n of [1, 2, 24, 25, 26, 49, 50, 120]) {
      for (const video of ["on", "off"] as const) {
        const tiles = crowd(n, { video });
        const pages = paginate(tiles, 49);
        assert.deepEqual(pages.flat(), tiles);
        for (const p of pages) {
          assert.ok(p.length > 0 && p.length <= 49);
          assert.ok(p.filter((t) => !t.self && t.video === "on").length <= 25);
        }
      }
    }
  });
  it("hold 49 when few cameras are on, and 25 pictures of others otherwise", () => {
    assert.equal(paginate(crowd(49, { video: "off" }), 49).length, 1);
    assert.deepEqual(
      paginate(crowd(49), 49).map((p) => p.length),
      [26, 23],
    );
  });
  it("hold what is large enough to be seen on that stage", () => {
    assert.equal(fits({ width: 1920, height: 940 }, 49), 49);
    const phone = fits({ width: 374, height: 700 }, 49);
    assert.ok(phone >= 9 && phone < 49, `${phone}`);
    assert.equal(fits({ width: 20, height: 20 }, 49), 1);
  });
});

describe("arrange", () => {
  it("has a box for all of one page and for nobody else", () => {
    const tiles = crowd(60, { video: "off" });
    const first = arrange(tiles, { width: 1920, height: 940 }, plain);
    assert.deepEqual([first.boxes.size, first.pages, first.rest], [49, 2, 0]);
    const second = arrange(tiles, { width: 1920, height: 940 }, { ...plain, page: 9 });
    assert.deepEqual([second.boxes.size, second.page], [11, 1]);
    assert.ok(![...second.boxes.keys()].some((k) => first.boxes.has(k)));
  });
  it("leaves our own out when it is hidden, but not when we are alone", () => {
    const look = { ...plain, ownHidden: true };
    assert.ok(!arrange(crowd(3), stage, look).boxes.has("me camera"));
    assert.ok(arrange(crowd(1), stage, look).boxes.has("me camera"));
  });
  it("puts the large one before the others, larger than all of them", () => {
    for (const size of [stage, { width: 374, height: 700 }, { width: 608, height: 260 }]) {
      const { boxes, rest } = arrange(crowd(9), size, { ...plain, pinned: "p5 camera" });
      const area = (k: string) => (boxes.get(k)?.width ?? 0) * (boxes.get(k)?.height ?? 0);
      for (const k of boxes.keys())
        if (k !== "p5 camera") assert.ok(area(k) < area("p5 camera"), JSON.stringify(size));
      assert.equal(boxes.size + rest, 9);
    }
  });
});
