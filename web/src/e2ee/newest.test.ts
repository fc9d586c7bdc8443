import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, Newest } from "./newest";
import { breathe } from "./testing";

/** Jobs that end when they are told to, and what became of them. */
function jobs() {
  const began: string[] = [];
  const told: string[] = [];
  const ends = new Map<string, () => void>();
  const job = (name: string): Job => {
    return async (dropped) => {
      began.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      if (!dropped()) told.push(name);
    };
  };
  const end = (name: string): Promise<void> => {
    ends.get(name)!();
    return breathe();
  };
  return { began, told, job, end };
}

test("the newest follows the one under way, and those between are not begun", async () => {
  const { began, told, job, end } = jobs();
  const newest = new Newest();
  const first = newest.do(job("a"));
  for (const name of ["b", "c", "d"]) void newest.do(job(name));
  assert.deepEqual(began, ["a"]);
  await end("a");
  assert.deepEqual([began, told], [["a", "d"], ["a"]]);
  await end("d");
  await first;
  assert.deepEqual(told, ["a", "d"]);
  void newest.do(job("e"));
  await end("e");
  assert.deepEqual(told, ["a", "d", "e"]);
});

test("what never ends before the next comes is told all the same", async () => {
  const { told, job, end } = jobs();
  const newest = new Newest();
  void newest.do(job("0"));
  for (let i = 1; i < 5; i++) {
    void newest.do(job(String(i)));
    await end(String(i - 1));
  }
  assert.deepEqual(told, ["0", "1", "2", "3"]);
});

test("dropped: what waits does not begin, what is under way hears of it, and what comes after is done", async () => {
  const { began, told, job, end } = jobs();
  const newest = new Newest();
  void newest.do(job("a"));
  void newest.do(job("b"));
  newest.drop();
  void newest.do(job("c"));
  await end("a");
  await end("c");
  assert.deepEqual([began, told], [["a", "c"], ["c"]]);
});

test("a job that fails does not keep the next from being done", async () => {
  const { told, job, end } = jobs();
  const newest = new Newest();
  const fails = newest.do(async () => {
    await breathe();
    throw new Error("the store is gone");
  });
  void newest.do(job("b")).catch(() => {});
  await breathe();
  await breathe();
  await end("b");
  assert.deepEqual(told, ["b"]);
  await assert.rejects(fails, /the store is gone/);
});
