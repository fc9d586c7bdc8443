/** Whether somebody speaks, from how loud he is: state, level and now give the next state. */

/** Of the meter (level.ts): below these nobody speaks, however quiet the room is. Higher, and quiet voices are not noticed; lower, and breathing is. */
const BEGINS = 0.25;
const GOES_ON = 0.2;
/** How far above the noise of the room, about 7 and 4 dB. */
const ABOVE_TO_BEGIN = 0.15;
const ABOVE_TO_GO_ON = 0.08;
/** Of the meter, per second: what goes on without a gap is noise after a while. Faster, and a long word is; slower, and a fan speaks for long. */
const NOISE_RISES = 0.03;
/** ms that somebody counts as speaking after it was quiet: shorter, and it is told between words, too. */
const HOLD = 700;

export interface Speech {
  /** Until when there is speech, if no more is heard. ms */
  readonly until: number;
  /** How loud the room is without it: falls at once, rises slowly. */
  readonly noise: number;
  /** When the level was last taken; 0: never. ms */
  readonly at: number;
}

export const SILENCE: Speech = { until: 0, noise: 0, at: 0 };

/** level is of the meter, 0 to 1. Nobody changes between speech and silence more often than twice in HOLD. */
export function hearLevel(s: Speech, level: number, now: number): Speech {
  const passed = s.at === 0 ? 0 : Math.max(0, now - s.at) / 1000;
  const noise = Math.min(level, s.noise + NOISE_RISES * passed);
  const bar = isSpeech(s, now)
    ? Math.max(GOES_ON, noise + ABOVE_TO_GO_ON)
    : Math.max(BEGINS, noise + ABOVE_TO_BEGIN);
  return { until: level > bar ? now + HOLD : s.until, noise, at: now };
}

export const isSpeech = (s: Speech, now: number): boolean => s.until > now;
