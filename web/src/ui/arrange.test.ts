import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrange, type Look, largeOnes, paginate, type Shown } from "./arrange";
import { cornerAt, fits, placeCorner } from "./grid";

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
const plain: Look = {
  mode: "grid",
  pinned: "",
  lit: "",
  lead: "",
  ownHidden: false,
  ownPlace: "",
  page: 0,
};
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
  it("is what the host shows to all, unless one pinned another, or is shown oneself", () => {
    const all = [screen, ...people];
    assert.deepEqual(keys(all, { lit: "cleo camera" }), ["cleo camera"]);
    assert.deepEqual(keys(all, { lit: "cleo camera", pinned: "ben camera" }), ["ben camera"]);
    assert.deepEqual(keys(all, { lit: "cleo camera", pinned: "gone camera" }), ["cleo camera"]);
    assert.deepEqual(keys(people, { lit: "me camera" }), []);
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
  it("puts our own into a corner over the others, who have the stage, unless it is pinned or alone", () => {
    for (const size of [stage, { width: 374, height: 700 }]) {
      const look: Look = { ...plain, ownPlace: "end-top" };
      const { boxes } = arrange(crowd(3), size, look);
      const others = arrange(crowd(3).slice(1), size, plain).boxes;
      for (const [key, box] of others) assert.deepEqual(boxes.get(key), box);
      const own = boxes.get("me camera")!;
      assert.equal(boxes.size, 3);
      assert.deepEqual([own.left + own.width, own.top], [size.width - 10, 10]);
      assert.ok(own.width <= 240 && own.width >= 112, String(own.width));
      const pinned = arrange(crowd(3), size, { ...look, pinned: "me camera" }).boxes;
      assert.ok(pinned.get("me camera")!.width > own.width);
      assert.deepEqual(arrange(crowd(1), size, look).boxes, arrange(crowd(1), size, plain).boxes);
      assert.ok(!arrange(crowd(3), size, { ...look, ownHidden: true }).boxes.has("me camera"));
    }
    const shared = [
      { ...screen, key: "me screen", session: "me", self: true },
      camera("me"),
      camera("ben"),
    ];
    const { boxes } = arrange(shared, stage, { ...plain, ownPlace: "start-bottom" });
    assert.ok(boxes.get("me screen")!.width > 900, "our own screen is no small picture");
    assert.equal(boxes.get("me camera")!.left, 10);
  });
  it("has a corner for every point of the stage, and its box is in that corner", () => {
    for (const corner of ["end-bottom", "start-bottom", "start-top", "end-top"] as const) {
      const { left, top, width, height } = placeCorner(corner, stage);
      assert.equal(cornerAt({ left: left + width / 2, top: top + height / 2 }, stage), corner);
    }
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
