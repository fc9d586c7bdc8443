import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBoard } from "../e2ee/board";
import type { AppPayload, Stroke } from "../e2ee/protocol";
import { Board, pack, thin } from "./board";

const line = (id: string, points = [1, 2, 3, 4]): Stroke => ({
  id: id.padStart(16, "0"),
  shape: points.length === 4 ? "line" : "pen",
  ink: 0,
  size: 1,
  points,
  text: "",
});
const pen = { shape: "pen", ink: 0, size: 1, text: "" } as const;

function make() {
  const said: AppPayload[] = [];
  const begun: string[] = [];
  let n = 1;
  const board = new Board({
    say: (p) => {
      readBoard(p as unknown as Record<string, unknown>); // throws for what nobody would take
      said.push(p);
      if (p.kind === "draw" || p.kind === "erase") board.take("me", "Ann", p);
      return true;
    },
    me: () => "me",
    random: () => {
      n = (n * 48_271) % 2_147_483_647;
      return n / 2_147_483_647;
    },
    begun: (name) => begun.push(name),
  });
  return { board, said, begun };
}
const ids = (b: Board): string[] => b.strokes.value.map((s) => s.id.replace(/^0+/, ""));

describe("the board", () => {
  it("holds what was drawn, in order, each once; nobody erases what is another's", () => {
    const { board, begun } = make();
    board.take("ben", "Ben", { kind: "draw", strokes: [line("a"), line("b")] });
    board.take("cleo", "Cleo", { kind: "draw", strokes: [line("a")] });
    board.take("ben", "Ben", { kind: "draw", strokes: [line("a", [9, 9, 9, 9]), line("c")] });
    assert.deepEqual(ids(board), ["a", "b", "a", "c"]);
    assert.deepEqual(board.strokes.value[0]?.points, [1, 2, 3, 4]);
    assert.deepEqual(begun, ["Ben"]);
    board.take("cleo", "Cleo", { kind: "erase", ids: [line("a").id, line("b").id] });
    assert.deepEqual(ids(board), ["a", "b", "c"]);
  });

  it("takes so many of one person, and no more", () => {
    const { board } = make();
    for (let i = 0; i < 600; i++)
      board.take("ben", "Ben", { kind: "draw", strokes: [line(i.toString(16))] });
    assert.equal(board.strokes.value.length, 500);
    board.take("cleo", "Cleo", { kind: "draw", strokes: [line("a")] });
    assert.equal(board.strokes.value.length, 501);
    for (let i = 0; i < 6400; i += 64) {
      const strokes = Array.from({ length: 64 }, (_, n) => line((i + n).toString(16)));
      board.take(`again ${i >> 8}`, "Ben", { kind: "draw", strokes });
    }
    assert.equal(board.strokes.value.length, 5000);
  });

  it("undoes what is ours, the last first", () => {
    const { board } = make();
    board.draw({ ...pen, points: [1, 1, 2, 2] });
    board.take("ben", "Ben", { kind: "draw", strokes: [line("a")] });
    board.draw({ ...pen, points: [3, 3, 4, 4] });
    assert.equal(board.own.value, 2);
    board.undo();
    assert.deepEqual(
      board.strokes.value.map((s) => s.session),
      ["me", "ben"],
    );
    board.clear();
    board.undo();
    assert.deepEqual(ids(board), ["a"]);
  });

  it("says again only what is ours, in few messages, and draws nothing that others would not take", () => {
    const { board, said } = make();
    board.take("ben", "Ben", { kind: "draw", strokes: [line("a")] });
    for (let i = 0; i < 100; i++) board.draw({ ...pen, points: [i, i, 5000, -3] });
    assert.equal(board.draw({ ...pen, shape: "text", points: [1, 1], text: " \n" }), false);
    assert.ok(board.draw({ ...pen, shape: "text", points: [1, 1], text: " Plan " }));
    said.length = 0;
    board.repeat();
    assert.equal(said.length, 2);
    assert.equal(board.strokes.value.length, 102);
    assert.deepEqual(board.strokes.value.at(-1)?.text, "Plan");
    assert.deepEqual(board.strokes.value[1]?.points, [0, 0, 4095, 0]);
  });

  it("thins out long lines and keeps their ends", () => {
    const long = Array.from({ length: 5000 }, (_, i) => i % 4096);
    const short = thin(long);
    assert.ok(short.length <= 512 && short.length > 200 && short.length % 2 === 0);
    assert.deepEqual([short.slice(0, 2), short.slice(-2)], [long.slice(0, 2), long.slice(-2)]);
    assert.deepEqual(pack(Array.from({ length: 9 }, (_, i) => line(`${i}`, short))).length, 2);
  });
});
