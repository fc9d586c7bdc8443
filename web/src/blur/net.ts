/** Computes what a model says of a picture: plain loops over numbers, so that it runs in every browser and needs nothing. */
import type { Model, Step } from "./model";

type Values = Float32Array;

interface Plane {
  height: number;
  width: number;
  depth: number;
  data: Values;
}

export class Net {
  private readonly planes: (Plane | null)[];
  readonly height: number;
  readonly width: number;

  constructor(private readonly model: Model) {
    this.planes = model.tensors.map(({ shape, data }) => {
      if (data || shape.length !== 4) return null;
      const [, height = 0, width = 0, depth = 0] = shape;
      return { height, width, depth, data: new Float32Array(height * width * depth) };
    });
    const { height, width } = this.plane(model.input);
    this.height = height;
    this.width = width;
  }

  private plane(n: number | undefined): Plane {
    const p = this.planes[n ?? -1];
    if (!p) throw new Error("net: internal error: no such plane");
    return p;
  }

  private weights(n: number | undefined): Values {
    const d = this.model.tensors[n ?? -1]?.data;
    if (!d) throw new Error("net: internal error: no such weights");
    return d;
  }

  /** rgba: a picture of this net's size, bytes as of a canvas. The result is valid until the next call. */
  run(rgba: Uint8ClampedArray): Values {
    const input = this.plane(this.model.input).data;
    for (let i = 0, j = 0; i < input.length; i += 3, j += 4) {
      input[i] = rgba[j]! / 255;
      input[i + 1] = rgba[j + 1]! / 255;
      input[i + 2] = rgba[j + 2]! / 255;
    }
    for (const step of this.model.steps) this.step(step);
    return this.plane(this.model.output).data;
  }

  private step({ op, inputs, output }: Step): void {
    const from = this.plane(inputs[0]);
    const to = this.plane(output);
    switch (op.kind) {
      case "conv": {
        const [w, b] = [this.weights(inputs[1]), this.weights(inputs[2])];
        const size = Math.round(Math.sqrt(w.length / (from.depth * to.depth)));
        if (size === 1 && op.stride === 1) dense(from.data, to.data, w, b, from.depth, to.depth);
        else convolve(from, to, w, b, size, op.stride);
        break;
      }
      case "depthwise": {
        const [w, b] = [this.weights(inputs[1]), this.weights(inputs[2])];
        depthwise(from, to, w, b, Math.round(Math.sqrt(w.length / to.depth)), op.stride);
        break;
      }
      case "upconv":
        upconvolve(from, to, this.weights(inputs[1]), this.weights(inputs[2]));
        break;
      case "double":
        double(from, to);
        break;
      case "mean":
        mean(from, to);
        break;
      case "add":
      case "mul":
        combine(from, this.plane(inputs[1]), to, op.kind);
        break;
      default:
        each(from.data, to.data, op.kind);
    }
  }
}

function each(from: Values, to: Values, kind: "relu" | "hardswish" | "logistic"): void {
  const n = from.length;
  if (kind === "relu") for (let i = 0; i < n; i++) to[i] = Math.max(0, from[i]!);
  else if (kind === "logistic") for (let i = 0; i < n; i++) to[i] = 1 / (1 + Math.exp(-from[i]!));
  else
    for (let i = 0; i < n; i++) {
      const x = from[i]!;
      to[i] = (x * Math.min(6, Math.max(0, x + 3))) / 6;
    }
}

/** The second may be one value for each channel. */
function combine(a: Plane, b: Plane, to: Plane, kind: "add" | "mul"): void {
  const n = to.data.length;
  const m = b.data.length;
  const [x, y, z] = [a.data, b.data, to.data];
  if (kind === "add")
    for (let i = 0, j = 0; i < n; i++, j = j + 1 === m ? 0 : j + 1) z[i] = x[i]! + y[j]!;
  else for (let i = 0, j = 0; i < n; i++, j = j + 1 === m ? 0 : j + 1) z[i] = x[i]! * y[j]!;
}

function mean(from: Plane, to: Plane): void {
  const { depth } = from;
  const pixels = from.height * from.width;
  to.data.fill(0);
  for (let p = 0, i = 0; p < pixels; p++)
    for (let c = 0; c < depth; c++, i++) to.data[c]! += from.data[i]!;
  for (let c = 0; c < depth; c++) to.data[c]! /= pixels;
}

/** Four results at once share what they read. */
function dense(from: Values, to: Values, w: Values, b: Values, depth: number, outs: number): void {
  const pixels = from.length / depth;
  for (let p = 0; p < pixels; p++) {
    const base = p * depth;
    const out = p * outs;
    let o = 0;
    for (; o + 4 <= outs; o += 4) {
      let w0 = o * depth;
      let w1 = w0 + depth;
      let w2 = w1 + depth;
      let w3 = w2 + depth;
      let s0 = b[o]!;
      let s1 = b[o + 1]!;
      let s2 = b[o + 2]!;
      let s3 = b[o + 3]!;
      for (let i = base; i < base + depth; i++) {
        const x = from[i]!;
        s0 += x * w[w0++]!;
        s1 += x * w[w1++]!;
        s2 += x * w[w2++]!;
        s3 += x * w[w3++]!;
      }
      to[out + o] = s0;
      to[out + o + 1] = s1;
      to[out + o + 2] = s2;
      to[out + o + 3] = s3;
    }
    for (; o < outs; o++) {
      let s = b[o]!;
      for (let i = 0; i < depth; i++) s += from[base + i]! * w[o * depth + i]!;
      to[out + o] = s;
    }
  }
}

/** Rows or columns that are missing before the first, where the result is as large as the input divided by the stride. */
const before = (size: number, from: number, to: number, stride: number): number =>
  Math.max(0, (to - 1) * stride + size - from) >> 1;

function convolve(
  from: Plane,
  to: Plane,
  w: Values,
  b: Values,
  size: number,
  stride: number,
): void {
  const top = before(size, from.height, to.height, stride);
  const left = before(size, from.width, to.width, stride);
  const { depth } = from;
  for (let y = 0, out = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++)
      for (let o = 0; o < to.depth; o++, out++) {
        let s = b[o]!;
        for (let ky = 0; ky < size; ky++) {
          const iy = y * stride + ky - top;
          if (iy < 0 || iy >= from.height) continue;
          for (let kx = 0; kx < size; kx++) {
            const ix = x * stride + kx - left;
            if (ix < 0 || ix >= from.width) continue;
            const i = (iy * from.width + ix) * depth;
            const k = ((o * size + ky) * size + kx) * depth;
            for (let c = 0; c < depth; c++) s += from.data[i + c]! * w[k + c]!;
          }
        }
        to.data[out] = s;
      }
}

function depthwise(
  from: Plane,
  to: Plane,
  w: Values,
  b: Values,
  size: number,
  stride: number,
): void {
  const top = before(size, from.height, to.height, stride);
  const left = before(size, from.width, to.width, stride);
  const { depth } = from;
  const [source, target] = [from.data, to.data];
  for (let y = 0, out = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++, out += depth) {
      for (let c = 0; c < depth; c++) target[out + c] = b[c]!;
      for (let ky = 0; ky < size; ky++) {
        const iy = y * stride + ky - top;
        if (iy < 0 || iy >= from.height) continue;
        for (let kx = 0; kx < size; kx++) {
          const ix = x * stride + kx - left;
          if (ix < 0 || ix >= from.width) continue;
          const i = (iy * from.width + ix) * depth;
          const k = (ky * size + kx) * depth;
          for (let c = 0; c < depth; c++) target[out + c]! += source[i + c]! * w[k + c]!;
        }
      }
    }
}

/** Twice as large, between the centres of pixels. */
function double(from: Plane, to: Plane): void {
  const { depth, height, width } = from;
  for (let y = 0, out = 0; y < to.height; y++) {
    const fy = Math.max(0, (y + 0.5) / 2 - 0.5);
    const y0 = Math.floor(fy);
    const y1 = Math.min(height - 1, y0 + 1);
    const wy = fy - y0;
    for (let x = 0; x < to.width; x++, out += depth) {
      const fx = Math.max(0, (x + 0.5) / 2 - 0.5);
      const x0 = Math.floor(fx);
      const x1 = Math.min(width - 1, x0 + 1);
      const wx = fx - x0;
      const [a, b] = [(y0 * width + x0) * depth, (y0 * width + x1) * depth];
      const [c, d] = [(y1 * width + x0) * depth, (y1 * width + x1) * depth];
      for (let k = 0; k < depth; k++) {
        const above = from.data[a + k]! * (1 - wx) + from.data[b + k]! * wx;
        const below = from.data[c + k]! * (1 - wx) + from.data[d + k]! * wx;
        to.data[out + k] = above * (1 - wy) + below * wy;
      }
    }
  }
}

function upconvolve(from: Plane, to: Plane, w: Values, b: Values): void {
  const { depth } = from;
  for (let y = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++)
      for (let o = 0; o < to.depth; o++) {
        const i = ((y >> 1) * from.width + (x >> 1)) * depth;
        const k = ((o * 2 + (y & 1)) * 2 + (x & 1)) * depth;
        let s = b[o]!;
        for (let c = 0; c < depth; c++) s += from.data[i + c]! * w[k + c]!;
        to.data[(y * to.width + x) * to.depth + o] = s;
      }
}
