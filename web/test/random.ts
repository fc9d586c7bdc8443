/** Choices that a seed repeats (xorshift32). For tests only. */
export interface Random {
  /** From 0 to n - 1. */
  below(n: number): number;
  chance(percent: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(n: number): Uint8Array<ArrayBuffer>;
}

export function random(seed: number): Random {
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x;
  };
  const below = (n: number): number => Math.floor((next() / 2 ** 32) * n);
  return {
    below,
    chance: (percent) => below(100) < percent,
    pick(items) {
      const got = items[below(items.length)];
      if (got === undefined) throw new Error("random: nothing to pick from");
      return got;
    },
    bytes: (n) => Uint8Array.from({ length: n }, () => below(256)),
  };
}
