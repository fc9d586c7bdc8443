/** When a key package may be used (RFC 9420 §7.2). */
import type { LeafNode } from "./leaf";
import { lifetimeHolds } from "./rules";

export interface Clocked {
  /** Unix seconds; the system's clock by default. */
  now?(): number;
  /** Longest lifetime of a key package that is taken, in seconds; 90 days by default. */
  maxLifetime?: number;
}

const DAY = 86_400;
const MAX_LIFETIME = 90 * DAY;

/**
 * Throws when the leaf of a key package is added outside of its lifetime. Leaves that are in the tree already are not
 * asked: a member that overslept must not keep others from joining.
 */
export function checkLifetime(l: LeafNode, c: Clocked): void {
  const now = c.now?.() ?? Math.floor(Date.now() / 1000);
  if (!lifetimeHolds(l, now, c.maxLifetime ?? MAX_LIFETIME)) {
    throw new Error("mls: a key package outside of its lifetime");
  }
}
