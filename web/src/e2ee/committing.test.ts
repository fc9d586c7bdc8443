import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commitAt,
  due,
  pace,
  refreshAfter,
  refreshAt,
  reversed,
  type Situation,
  type Standing,
  warmAt,
} from "./committing";

/** A group of so many, none of whom has sent a path, as one of them sees it. */
function cold(n: number, me: number): Situation {
  const members = new Map<number, Standing>();
  const present = new Map<string, boolean>();
  for (let i = 0; i < n; i++) {
    members.set(i, { session: `s${i}`, cold: true });
    present.set(`s${i}`, false);
  }
  return { me, epoch: 1, members, present, asked: [], removing: new Set(), capacity: 1024 };
}

const times = { now: 100_000, lastCommit: 100_000, joined: 0, dueSince: 0, path: 50_000 };

test("commits are spaced by the size of the group", () => {
  for (const [members, spacing, adds] of [
    [1, 250, 20],
    [20, 250, 20],
    [21, 1_000, 64],
    [100, 1_000, 64],
    [101, 2_000, 64],
    [200, 2_000, 64],
    [201, 5_000, 64],
  ] as const)
    assert.deepEqual(pace(members), { spacing, adds });
});

test("who is thrown out of a large group goes sooner than others come", () => {
  const d = { removes: [7], adds: [] };
  for (const [members, spacing] of [
    [20, 250],
    [200, 1_000],
    [500, 1_000],
  ] as const) {
    const s = cold(members, 0);
    assert.equal(commitAt(s, d, times, true), times.lastCommit + pace(members).spacing);
    const thrown = { ...s, removing: new Set(["s7"]) };
    assert.equal(commitAt(thrown, d, times, true), times.lastCommit + spacing);
    assert.equal(
      commitAt(thrown, { removes: [], adds: [] }, times, true),
      times.lastCommit + pace(members).spacing,
    );
  }
});

test("a full commit is followed sooner: it takes no more by waiting", () => {
  const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `new${i}`);
  for (const [members, full, spacing] of [
    [20, 20, 250],
    [100, 64, 1_000],
    [200, 64, 1_000],
    [500, 64, 1_000],
  ] as const) {
    const s = cold(members, 0);
    assert.equal(
      commitAt(s, { removes: [], adds: many(full) }, times, true),
      times.lastCommit + spacing,
    );
    assert.equal(
      commitAt(s, { removes: [], adds: many(full - 1) }, times, true),
      times.lastCommit + pace(members).spacing,
    );
  }
});

test("paths come in bit-reversed order of leaves, 750 ms apart when one says nothing", () => {
  const order = [0, 4, 2, 6, 1, 5, 3, 7];
  for (const [i, me] of order.entries())
    assert.equal(warmAt(cold(8, me), times), times.lastCommit + 2_000 + i * 750);
  assert.equal(reversed(1), 2 ** 31);
  assert.equal(reversed(0xffff_ffff), 2 ** 32 - 1);
});

test("no more are added than the group may have; who comes back takes its own place", () => {
  const s = { ...cold(4, 0), capacity: 5 };
  const present = new Map([...s.present, ["x", false], ["y", false]]);
  assert.deepEqual(due({ ...s, present, asked: ["x", "y"] }).adds, ["x"]);
  assert.deepEqual(due({ ...s, present, asked: ["x", "y", "s2"] }), {
    adds: ["x", "s2"],
    removes: [2],
  });
  const full = { ...s, present, capacity: 4, asked: ["x", "y"] };
  assert.deepEqual(due(full).adds, []);
  assert.deepEqual(due({ ...full, asked: ["s2"] }), { adds: ["s2"], removes: [2] });
  present.delete("s3");
  assert.deepEqual(due(full), { adds: ["x"], removes: [3] });
  assert.deepEqual(due({ ...full, removing: new Set(["s1"]) }), {
    adds: ["x", "y"],
    removes: [1, 3],
  });
});

test("a large group is warmed no faster than its commits are spaced", () => {
  assert.equal(warmAt(cold(200, 0), times), times.lastCommit + 2_000);
  assert.equal(warmAt(cold(201, 0), times), times.lastCommit + 5_000);
});

test("keys are refreshed after 5 to 10 minutes, in a large group so that two are 30 s apart, and when it is quiet", () => {
  assert.equal(refreshAfter(2, 0), 300_000);
  assert.equal(refreshAfter(2, 1), 450_000);
  assert.equal(refreshAfter(500, 0), 15_000_000);
  const after = Array.from({ length: 512 }, (_, leaf) => refreshAfter(512, leaf)).sort(
    (a, b) => a - b,
  );
  for (const [i, t] of after.entries()) if (i > 0) assert(t - after[i - 1]! >= 30_000 - 1, `${i}`);
  assert.equal(refreshAt(cold(2, 0), times), 350_000);
  assert.equal(refreshAt(cold(2, 0), { ...times, lastCommit: 349_000 }), 351_000);
  assert.equal(refreshAt(cold(1, 0), times), null);
});
