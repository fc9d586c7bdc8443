/** Reads a TensorFlow Lite model (FlatBuffers, schema version 3) into a list of steps: no more of the format than our model uses. */

export type Op =
  | { kind: "conv"; stride: number }
  | { kind: "depthwise"; stride: number }
  | { kind: "upconv" } // transposed convolution, 2 by 2 with stride 2
  | { kind: "add" | "mul" | "mean" | "double" | "relu" | "hardswish" | "logistic" };

export interface Step {
  op: Op;
  /** Numbers of tensors. */
  inputs: number[];
  output: number;
}

export interface Tensor {
  /** Batch (1), height, width, channels; of weights as each operator has them. */
  shape: number[];
  /** Weights and biases; null for what is computed. */
  data: Float32Array | null;
}

export interface Model {
  steps: Step[];
  tensors: Tensor[];
  input: number;
  output: number;
}

const FLOAT32 = 0;
const FLOAT16 = 1;

/** Builtin operators (BuiltinOperator in the schema). */
const codes: Readonly<Record<number, Op["kind"] | "dequantize" | "custom">> = {
  0: "add",
  3: "conv",
  4: "depthwise",
  6: "dequantize",
  14: "logistic",
  18: "mul",
  19: "relu",
  23: "double",
  32: "custom",
  40: "mean",
  117: "hardswish",
};

/** Offsets into a FlatBuffer. Every read is checked by the view. */
class Flat {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength); // a subclass's slices may share memory
    this.view = new DataView(buffer, byteOffset, byteLength);
  }
  root(): number {
    return this.view.getUint32(0, true);
  }
  /** Where a field of a table is; 0: it has its default. */
  private field(table: number, n: number): number {
    const vtable = table - this.view.getInt32(table, true);
    const at = 4 + 2 * n;
    if (at >= this.view.getUint16(vtable, true)) return 0;
    const offset = this.view.getUint16(vtable + at, true);
    return offset && table + offset;
  }
  int(table: number, n: number): number {
    const at = this.field(table, n);
    return at && this.view.getInt32(at, true);
  }
  byte(table: number, n: number): number {
    const at = this.field(table, n);
    return at && this.view.getInt8(at);
  }
  table(table: number, n: number): number {
    const at = this.field(table, n);
    return at && at + this.view.getUint32(at, true);
  }
  private vector(table: number, n: number): { at: number; length: number } {
    const at = this.table(table, n);
    return at ? { at: at + 4, length: this.view.getUint32(at, true) } : { at: 0, length: 0 };
  }
  ints(table: number, n: number): number[] {
    const { at, length } = this.vector(table, n);
    return Array.from({ length }, (_, i) => this.view.getInt32(at + 4 * i, true));
  }
  tables(table: number, n: number): number[] {
    const { at, length } = this.vector(table, n);
    return Array.from({ length }, (_, i) => at + 4 * i + this.view.getUint32(at + 4 * i, true));
  }
  data(table: number, n: number): Uint8Array {
    const { at, length } = this.vector(table, n);
    if (at + length > this.bytes.length) throw new Error("model: cut short");
    return this.bytes.slice(at, at + length); // copied, so that it is aligned
  }
  text(table: number, n: number): string {
    return new TextDecoder().decode(this.data(table, n));
  }
}

/** IEEE 754 half precision. */
export function half(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function floats(bytes: Uint8Array, type: number): Float32Array | null {
  if (bytes.length === 0) return null;
  if (type === FLOAT32) return new Float32Array(bytes.buffer);
  if (type === FLOAT16) return Float32Array.from(new Uint16Array(bytes.buffer), half);
  return null; // sizes and axes, which the operators have by their kind
}

/** Throws for a model that needs what is not here. */
export function readModel(bytes: Uint8Array): Model {
  const f = new Flat(bytes);
  const root = f.root();
  const names = f.tables(root, 1).map((t) => {
    const kind = codes[Math.max(f.byte(t, 0), f.int(t, 3))];
    const known = kind !== "custom" || f.text(t, 1) === "Convolution2DTransposeBias";
    if (!kind || !known) throw new Error("model: an operator that is not here");
    return kind;
  });
  const buffers = f.tables(root, 4);
  const [graph] = f.tables(root, 2);
  if (graph === undefined) throw new Error("model: no graph");
  const tensors = f.tables(graph, 0).map((t): Tensor => {
    const buffer = buffers[f.int(t, 2)];
    const data = buffer === undefined ? new Uint8Array() : f.data(buffer, 0);
    return { shape: f.ints(t, 0), data: floats(data, f.byte(t, 1)) };
  });
  const steps: Step[] = [];
  for (const o of f.tables(graph, 3)) {
    const kind = names[f.int(o, 0)];
    const inputs = f.ints(o, 1);
    const [output] = f.ints(o, 2);
    if (output === undefined || kind === undefined)
      throw new Error("model: a step without a result");
    const options = f.table(o, 4);
    if (kind === "dequantize") {
      const from = tensors[inputs[0] ?? -1];
      const to = tensors[output];
      if (from && to) to.data = from.data;
    } else {
      steps.push({ op: opOf(f, kind, options), inputs, output });
    }
  }
  const [input] = f.ints(graph, 1);
  const [output] = f.ints(graph, 2);
  if (input === undefined || output === undefined) throw new Error("model: no input or output");
  return { steps, tensors, input, output };
}

function opOf(f: Flat, kind: Op["kind"] | "custom", options: number): Op {
  if (kind === "custom") return { kind: "upconv" };
  if (kind !== "conv" && kind !== "depthwise") return { kind } as Op;
  const stride = f.int(options, 1);
  const activation = f.byte(options, kind === "conv" ? 3 : 4);
  if (stride !== f.int(options, 2) || activation !== 0)
    throw new Error("model: a convolution that is not here");
  return { kind, stride };
}
