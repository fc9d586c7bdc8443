import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Box,
  layoutGrid,
  layoutStage,
  type Placed,
  placeGrid,
  RATIO,
  type Size,
} from "./grid";

const GAP = 10;
const MOST = 25;
const stages: Size[] = [
  { width: 1248, height: 660 },
  { width: 1920, height: 940 },
  { width: 3440, height: 1300 },
  { width: 700, height: 700 },
  { width: 374, height: 700 },
  { width: 344, height: 500 },
  { width: 608, height: 260 },
];
const cases = stages.flatMap((stage) =>
  Array.from({ length: MOST }, (_, i) => ({ n: i + 1, stage })),
);
const say = (n: number, s: Size): string => `${n} on ${s.width}x${s.height}`;

/** The width of 16:9 tiles in so many columns, as a fraction of a pixel. */
function widthIn(columns: number, n: number, stage: Size): number {
  const rows = Math.ceil(n / columns);
  const wide = (stage.width - GAP * (columns - 1)) / columns;
  const high = (stage.height - GAP * (rows - 1)) / rows;
  return Math.max(0, Math.min(wide, high * RATIO));
}

function assertInside(boxes: Iterable<Box>, stage: Size, what: string): void {
  for (const b of boxes) {
    const fits =
      b.left >= 0 &&
      b.top >= 0 &&
      b.left + b.width <= stage.width + 0.5 && // places are rounded to whole pixels
      b.top + b.height <= stage.height + 0.5;
    assert.ok(fits, `${what}: ${JSON.stringify(b)} is outside`);
  }
}

function assertApart(boxes: readonly Box[], what: string): void {
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      const apart =
        a.left + a.width <= b.left ||
        b.left + b.width <= a.left ||
        a.top + a.height <= b.top ||
        b.top + b.height <= a.top;
      assert.ok(apart, `${what}: ${JSON.stringify(a)} lies over ${JSON.stringify(b)}`);
    }
  });
}

describe("layoutGrid", () => {
  it("never overflows the stage, and has a place for everybody", () => {
    for (const { n, stage } of cases) {
      const g = layoutGrid(n, stage, GAP);
      assert.ok(g.width > 0 && g.height > 0, say(n, stage));
      assert.ok(g.columns * g.width + (g.columns - 1) * GAP <= stage.width, say(n, stage));
      assert.ok(g.rows * g.height + (g.rows - 1) * GAP <= stage.height, say(n, stage));
      assert.ok(g.columns * g.rows >= n && g.columns * (g.rows - 1) < n, say(n, stage));
    }
  });

  it("makes tiles of 16:9, to a pixel", () => {
    for (const { n, stage } of cases) {
      const { width, height } = layoutGrid(n, stage, GAP);
      assert.ok(Math.abs(width / RATIO - height) <= 1, `${say(n, stage)}: ${width}x${height}`);
    }
  });

  it("uses the columns in which tiles are largest", () => {
    for (const { n, stage } of cases) {
      const g = layoutGrid(n, stage, GAP);
      const best = Math.max(...Array.from({ length: n }, (_, i) => widthIn(i + 1, n, stage)));
      assert.ok(best - g.width < 1.5, `${say(n, stage)}: ${g.width}, could be ${best}`);
      assert.ok(
        best - widthIn(g.columns, n, stage) < 1.5,
        `${say(n, stage)}: ${g.columns} columns`,
      );
    }
  });

  it("is what one expects where one can count", () => {
    const wide = { width: 1248, height: 660 };
    const tall = { width: 374, height: 700 };
    const columns = (n: number, s: Size): number => layoutGrid(n, s, GAP).columns;
    assert.deepEqual(
      [1, 2, 4, 9, 16, 25].map((n) => columns(n, wide)),
      [1, 2, 2, 3, 4, 5],
    );
    assert.deepEqual(
      [1, 2, 3].map((n) => columns(n, tall)),
      [1, 1, 1],
    );
  });

  it("is narrower than 16:9 only as far as allowed, and only where that makes tiles larger", () => {
    for (const narrowest of [4 / 3, 1]) {
      for (const { n, stage } of cases) {
        const free = layoutGrid(n, stage, GAP, narrowest);
        const strict = layoutGrid(n, stage, GAP);
        const ratio = free.width / free.height;
        const slack = 2 / free.height; // of whole pixels
        assert.ok(ratio > narrowest - slack && ratio < RATIO + 2 * slack, say(n, stage));
        assert.ok(free.width * free.height >= strict.width * strict.height, say(n, stage));
        assert.ok(free.columns * (free.width + GAP) - GAP <= stage.width, say(n, stage));
        assert.ok(free.rows * (free.height + GAP) - GAP <= stage.height, say(n, stage));
      }
    }
  });

  it("bears a stage without room", () => {
    assert.deepEqual(
      [layoutGrid(3, { width: 0, height: 0 }, GAP).width, layoutGrid(0, stages[0]!, GAP).columns],
      [0, 1],
    );
  });
});

describe("placeGrid", () => {
  it("puts all boxes inside, one beside the other, in reading order", () => {
    for (const { n, stage } of cases) {
      const boxes = placeGrid(n, { left: 0, top: 0, ...stage }, GAP);
      assert.equal(boxes.length, n);
      assertInside(boxes, stage, say(n, stage));
      assertApart(boxes, say(n, stage));
      boxes.slice(1).forEach((b, i) => {
        const before = boxes[i]!;
        assert.ok(b.top > before.top || (b.top === before.top && b.left > before.left));
      });
    }
  });

  it("centres a last row that is not full", () => {
    const area = { left: 100, top: 0, width: 1248, height: 660 };
    const last = placeGrid(3, area, GAP)[2]!;
    const middle = last.left + last.width / 2;
    assert.ok(Math.abs(middle - (area.left + area.width / 2)) <= 1, `${middle}`);
  });
});

describe("layoutStage", () => {
  const people = (n: number): Placed[] =>
    Array.from({ length: n }, (_, i) => ({ key: `c${i}`, source: "camera" }));
  const screen: Placed = { key: "s", source: "screen" };
  const shared = [screen, { key: "s2", source: "screen" } as const];

  it("gives each camera a box inside the stage", () => {
    for (const { n, stage } of cases) {
      const boxes = layoutStage(people(n), stage);
      assert.equal(boxes.size, n);
      assertInside(boxes.values(), stage, say(n, stage));
      assertApart([...boxes.values()], say(n, stage));
    }
  });

  it("keeps screens and people apart and inside, and shows at least one of the people", () => {
    for (const screens of [shared.slice(0, 1), shared]) {
      for (const { n, stage } of cases) {
        const boxes = layoutStage([...screens, ...people(n)], stage);
        const what = `${screens.length} screens, ${say(n, stage)}`;
        assert.ok(
          screens.every((s) => boxes.has(s.key)),
          what,
        );
        assert.ok(boxes.has("c0"), what);
        assertInside(boxes.values(), stage, what);
        assertApart([...boxes.values()], what);
      }
    }
  });

  it("makes a screen larger than any of the people, or as wide as the stage", () => {
    for (const { n, stage } of cases) {
      const boxes = layoutStage([screen, ...people(n)], stage);
      const area = (key: string): number => {
        const b = boxes.get(key)!;
        return b.width * b.height;
      };
      const widest = boxes.get("s")!.width === stage.width; // it can't be larger
      assert.ok(widest || area("s") > area("c0"), say(n, stage));
    }
  });

  it("puts two screens one below the other where that shows more of both", () => {
    for (const [stage, below] of [
      [{ width: 1280, height: 700 }, true],
      [{ width: 1600, height: 500 }, false],
      [{ width: 400, height: 800 }, true],
    ] as const) {
      const [a, b] = ["s", "s2"].map(
        (key) => layoutStage([...shared, ...people(4)], stage).get(key)!,
      );
      assert.equal(a!.left === b!.left, below, `${stage.width}x${stage.height}`);
    }
  });

  it("drops the last ones where a strip has no room, and nobody before them", () => {
    const boxes = layoutStage([screen, ...people(MOST)], { width: 608, height: 260 });
    const shown = people(MOST).map((p) => boxes.has(p.key));
    const first = shown.indexOf(false);
    assert.ok(first > 0, "the strip holds some, not all");
    assert.ok(shown.slice(first).every((s) => !s));
  });

  it("has no boxes while the stage has no size", () => {
    assert.equal(layoutStage(people(4), { width: 0, height: 0 }).size, 0);
  });
});
