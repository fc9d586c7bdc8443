/** Time, so that tests have their own. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Unix time in milliseconds; the user may set it. */
  wall(): number;
  /** Calls f once after that many milliseconds, unless what it returns is called before. */
  after(ms: number, f: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, f) {
    const timer = setTimeout(f, ms);
    return () => clearTimeout(timer);
  },
};
