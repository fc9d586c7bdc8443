/** Array-based trees (RFC 9420 appendix C). x and y are node indices, n counts leaves. */

export function level(x: number): number {
  let k = 0;
  for (let y = x; y & 1; y >>>= 1) k++;
  return k;
}

/** Nodes of a full tree. */
export const width = (n: number): number => (n === 0 ? 0 : 2 * (n - 1) + 1);

export const rootOf = (n: number): number => 2 ** (31 - Math.clz32(width(n))) - 1;

export const left = (x: number): number => x ^ (1 << (level(x) - 1));

export const right = (x: number): number => x ^ (3 << (level(x) - 1));

export function parent(x: number): number {
  const k = level(x);
  const bit = (x >>> (k + 1)) & 1;
  return (x | (1 << k)) ^ (bit << (k + 1));
}

export function sibling(x: number): number {
  const p = parent(x);
  return x < p ? right(p) : left(p);
}

/** Reports whether x is y or lies under it. */
export function below(x: number, y: number): boolean {
  const k = level(y);
  return level(x) <= k && x >>> (k + 1) === y >>> (k + 1);
}
