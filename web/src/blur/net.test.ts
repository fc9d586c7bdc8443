import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { half, type Model, readModel } from "./model";
import { Net } from "./net";

const file = `${process.env.INCAMERA_ROOT}web/node_modules/@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite`;

/** Somebody before a wall, as a child draws: head, hair, eyes, mouth, shoulders. */
function somebody(width: number, height: number, across: number): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(width * height * 4);
  const within = (x: number, y: number, cx: number, cy: number, rx: number, ry: number) =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let c = [196 + y / 8, 200, 190 + x / 16];
      if (within(x, y, across, 150, 62, 56)) c = [40, 60, 110]; // shoulders
      if (within(x, y, across, 62, 29, 38)) c = [52, 34, 26]; // hair
      if (within(x, y, across, 70, 24, 31)) c = [218, 172, 146];
      if (within(x, y, across, 102, 11, 16)) c = [206, 160, 134];
      if (within(x, y, across - 9, 64, 4, 2.5) || within(x, y, across + 9, 64, 4, 2.5))
        c = [30, 24, 22];
      if (within(x, y, across, 86, 8, 2)) c = [150, 60, 60];
      rgba.set([...c.map((v) => v + ((x * 7 + y * 13) % 5)), 255], (y * width + x) * 4);
    }
  return rgba;
}

describe("the net that finds people", () => {
  const net = new Net(readModel(readFileSync(file)));

  it("finds them where they are, and nobody on a wall", () => {
    assert.deepEqual([net.width, net.height], [256, 144]);
    for (const across of [90, 170]) {
      const mask = net.run(somebody(256, 144, across));
      const at = (x: number, y: number) => mask[y * 256 + x] ?? Number.NaN;
      for (const [x, y] of [
        [across, 70],
        [across, 130],
        [across - 30, 135],
      ] as const)
        assert.ok(at(x, y) > 0.8, `${x}, ${y} is somebody: ${at(x, y)}`);
      for (const [x, y] of [
        [5, 5],
        [250, 5],
        [across > 128 ? 20 : 235, 100],
      ] as const)
        assert.ok(at(x, y) < 0.2, `${x}, ${y} is a wall: ${at(x, y)}`);
    }
  });

  it("takes no model that needs more than there is here", () => {
    const bytes = new Uint8Array(readFileSync(file));
    assert.throws(() => readModel(bytes.subarray(0, 1000)));
    assert.throws(() => readModel(new Uint8Array(64)));
  });

  it("reads numbers of half precision", () => {
    const cases = [
      [0x0000, 0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x0001, 2 ** -24],
      [0x3555, 0.333251953125],
      [0xfc00, Number.NEGATIVE_INFINITY],
    ] as const;
    for (const [bits, want] of cases) assert.equal(half(bits), want);
    assert.ok(Number.isNaN(half(0x7e00)));
  });
});

/** One step from an input of that height, width and depth. */
function one(op: Model["steps"][number]["op"], shapes: number[][], weights: number[][] = []): Net {
  const [from, to] = shapes as [number[], number[]];
  const tensors = [
    { shape: [1, ...from], data: null },
    ...weights.map((w) => ({ shape: [w.length], data: Float32Array.from(w) })),
    { shape: [1, ...to], data: null },
  ];
  const output = tensors.length - 1;
  const inputs = [0, ...weights.map((_, i) => i + 1)];
  return new Net({ steps: [{ op, inputs, output }], tensors, input: 0, output });
}
/** A picture whose red channel is that, of 255; green and blue are 0. */
const red = (...values: number[]) =>
  Uint8ClampedArray.from(values.flatMap((v) => [v * 255, 0, 0, 255]));

describe("a step of the net", () => {
  it("convolves, with one more missing row after the picture than before it", () => {
    const kernel = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((v) => [v, 0, 0]);
    const net = one(
      { kind: "conv", stride: 2 },
      [
        [4, 4, 3],
        [2, 2, 1],
      ],
      [kernel, [0.5]],
    );
    const picture = red(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    assert.deepEqual([...net.run(picture)], [1.5, 0.5, 0.5, 5.5]);
  });

  it("convolves each channel by itself", () => {
    const kernel = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((v) => [v, 0, 0]);
    const net = one(
      { kind: "depthwise", stride: 1 },
      [
        [2, 2, 3],
        [2, 2, 3],
      ],
      [kernel, [0, 1, 2]],
    );
    assert.deepEqual([...net.run(red(1, 0, 0, 0))], [5, 1, 2, 4, 1, 2, 2, 1, 2, 1, 1, 2]);
  });

  it("mixes channels, four results at once and the rest", () => {
    const w = [1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0];
    const net = one(
      { kind: "conv", stride: 1 },
      [
        [1, 2, 3],
        [1, 2, 5],
      ],
      [w, [0, 0, 0, 0, 1]],
    );
    assert.deepEqual([...net.run(red(1, 0))], [1, 2, 3, 4, 6, 0, 0, 0, 0, 1]);
  });

  it("doubles between the centres of pixels", () => {
    const net = one({ kind: "double" }, [
      [1, 2, 3],
      [2, 4, 3],
    ]);
    const row = [...net.run(red(0, 1))].filter((_, i) => i % 3 === 0);
    assert.deepEqual(row, [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]);
  });

  it("doubles by a convolution", () => {
    const w = [1, 2, 3, 4].flatMap((v) => [v, 0, 0]);
    const net = one(
      { kind: "upconv" },
      [
        [1, 2, 3],
        [2, 4, 1],
      ],
      [w, [0]],
    );
    assert.deepEqual([...net.run(red(1, 0))], [1, 2, 0, 0, 3, 4, 0, 0]);
  });

  it("has means and curves", () => {
    assert.deepEqual(
      [
        ...one({ kind: "mean" }, [
          [1, 2, 3],
          [1, 1, 3],
        ]).run(red(1, 0)),
      ],
      [0.5, 0, 0],
    );
    const [one1] = one({ kind: "hardswish" }, [
      [1, 1, 3],
      [1, 1, 3],
    ]).run(red(1));
    assert.ok(Math.abs((one1 ?? 0) - 4 / 6) < 1e-6);
    const [half1, half2] = one({ kind: "logistic" }, [
      [1, 1, 3],
      [1, 1, 3],
    ]).run(red(1));
    assert.ok(Math.abs((half1 ?? 0) - 0.731) < 1e-3 && half2 === 0.5);
  });
});
