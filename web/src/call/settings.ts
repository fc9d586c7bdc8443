/** What one sets for this device: mirror, push-to-talk, following what is plugged in; and the test of the speaker. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { playTest } from "../media/playback";
import type { Env } from "./env";
import type { LocalMedia } from "./local";
import type { DeviceChoice, SettingsModel } from "./model";
import { chooseLanguage, type Language } from "./words";

/** How sure it is that somebody talks into a muted microphone. */
export interface Talking {
  loud: number; // measurements
  until: number; // ms; the hint is shown until then
}

const LOUD = 0.35; // of the meter: lower and a keyboard counts as talk
const ENOUGH = 6; // measurements more loud than quiet ones: fewer and a cough counts as talk
const HINT = 4_000; // ms: shorter and it is not read, longer and it nags

/** One measurement further. Unmuting ends the hint. */
export function hearMuted(t: Talking, level: number, muted: boolean, now: number): Talking {
  if (!muted) return { loud: 0, until: 0 };
  const loud = Math.min(ENOUGH, Math.max(0, t.loud + (level > LOUD ? 1 : -1)));
  return loud >= ENOUGH ? { loud: 0, until: now + HINT } : { loud, until: t.until };
}

export class Settings implements SettingsModel {
  readonly mirror: ReadonlySignal<boolean>;
  readonly pushToTalk: ReadonlySignal<boolean>;
  readonly follow: ReadonlySignal<boolean>;
  private readonly kept = new Map<string, Signal<boolean>>();
  private readonly hint = signal(false);
  readonly mutedHint: ReadonlySignal<boolean> = this.hint;
  private talking: Talking = { loud: 0, until: 0 };

  constructor(
    private readonly env: Env,
    private readonly local: LocalMedia,
  ) {
    this.mirror = this.keep("mirror");
    this.pushToTalk = this.keep("push-to-talk");
    this.follow = this.keep("follow-new");
    local.onMeasured = (level) => {
      const muted = local.mic.source.value !== null && !local.mic.choice.value.on;
      const now = env.now();
      this.talking = hearMuted(this.talking, level, muted, now);
      this.hint.value = this.talking.until > now;
    };
    local.follows = () => this.follow.value;
  }

  /** On unless it was switched off on this device. */
  private keep(name: string): ReadonlySignal<boolean> {
    const s = signal(this.env.browser.get(name) !== "off");
    this.kept.set(name, s);
    return s;
  }

  private set(name: string, on: boolean): void {
    this.env.browser.set(name, on ? "on" : "off");
    const s = this.kept.get(name);
    if (s) s.value = on;
  }

  get speaker(): ReadonlySignal<DeviceChoice | null> {
    return this.local.speaker.choice;
  }
  get level(): ReadonlySignal<number> {
    return this.local.level;
  }
  chooseLanguage(wanted: Language): void {
    chooseLanguage(this.env.browser, wanted);
  }
  setMirror(on: boolean): void {
    this.set("mirror", on);
  }
  setPushToTalk(on: boolean): void {
    this.set("push-to-talk", on);
  }
  setFollow(on: boolean): void {
    this.set("follow-new", on);
  }
  chooseSpeaker(id: string): void {
    this.local.speaker.choose(id);
  }
  testSpeaker(): void {
    const { env, local } = this;
    playTest(env.audioContext(), env.makeAudio, local.speaker.chosen.value, env.after);
  }
  hold(down: boolean): void {
    if (this.pushToTalk.value || !down) void this.local.mic.hold(down);
  }
}
