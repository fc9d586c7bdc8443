/** Changes to bytes that parsers stumble over: bits, lengths, cuts, repetitions, and pieces of other inputs. For tests only. */
import { type Bytes, cat } from "../../src/e2ee/mls/codec";
import type { Random } from "../random";

const odd = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

/** Some changes to one of the inputs. */
export function mutate(inputs: readonly Bytes[], r: Random): Bytes {
  let b = r.pick(inputs).slice() as Bytes;
  for (let n = 1 + r.below(4); n > 0; n--) b = once(b, inputs, r);
  return b;
}

function once(b: Bytes, inputs: readonly Bytes[], r: Random): Bytes {
  if (b.length === 0) return r.bytes(r.below(8));
  const at = r.below(b.length);
  const piece = Math.min(b.length - at, 1 + r.below(16));
  switch (r.below(8)) {
    case 0:
      b[at]! ^= 1 << r.below(8);
      return b;
    case 1:
      b[at] = r.pick(odd);
      return b;
    case 2:
      b[at] = b[at]! + r.pick([1, 255]);
      return b;
    case 3:
      return b.slice(0, at);
    case 4:
      return cat(b.subarray(0, at), b.subarray(at + piece));
    case 5:
      return cat(b.subarray(0, at), b.subarray(at, at + piece), b.subarray(at));
    case 6:
      return cat(b.subarray(0, at), r.bytes(r.below(5)), b.subarray(at));
    default: {
      const other = r.pick(inputs);
      return cat(b.subarray(0, at), other.subarray(r.below(other.length + 1)));
    }
  }
}
