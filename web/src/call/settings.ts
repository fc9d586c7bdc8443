/** What one sets for this device: mirror, noise, push-to-talk, following what is plugged in; and the test of the speaker. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { playTest } from "../media/playback";
import type { Env } from "./env";
import type { LocalMedia } from "./local";
import type { Background, DeviceChoice, Problem, SettingsModel } from "./model";
import { notHidden } from "./problems";
import { chooseLanguage, type Language, msg } from "./words";

/** How sure it is that somebody talks into a muted microphone. */
export interface Talking {
  loud: number; // measurements
  until: number; // ms; the hint is shown until then
}

const LOUD = 0.35; // of the meter: lower and a keyboard counts as talk
const ENOUGH = 6; // measurements more loud than quiet ones: fewer and a cough counts as talk
const HINT = 4_000; // ms: shorter and it is not read, longer and it nags

const LOADING = msg("Loading…");
const NO_PICTURE = msg("This is not a picture that the browser can read.");
const BACKGROUND = "background";
const PICTURE = "background-picture";
const NO_NOISE = msg(
  "Noise can't be taken out here: your browser plays no sound to work on, or lacks what it needs. You are heard as before.",
);

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
  readonly saving: ReadonlySignal<boolean>;
  private readonly kept = new Map<string, Signal<boolean>>();
  private readonly hint = signal(false);
  readonly mutedHint: ReadonlySignal<boolean> = this.hint;
  private readonly noiseProblem = signal("");
  readonly noise: ReadonlySignal<boolean>;
  readonly noiseState: ReadonlySignal<string>;
  private readonly behind: Signal<Background>;
  readonly background: ReadonlySignal<Background>;
  private readonly ownPicture: Signal<string>;
  readonly picture: ReadonlySignal<string>;
  private readonly pictureProblem = signal("");
  readonly backgroundState: ReadonlySignal<string>;
  private talking: Talking = { loud: 0, until: 0 };

  constructor(
    private readonly env: Env,
    private readonly local: LocalMedia,
  ) {
    this.mirror = this.keep("mirror");
    this.pushToTalk = this.keep("push-to-talk");
    this.follow = this.keep("follow-new");
    this.saving = this.keep("save-data", false);
    this.noise = this.keep("suppress-noise", false);
    const { treatment } = local.mic;
    this.noiseState = computed(() => (treatment.loading.value ? LOADING : this.noiseProblem.value));
    treatment.onFailed = () => {
      this.set("suppress-noise", false);
      this.noiseProblem.value = NO_NOISE;
    };
    if (this.noise.value) treatment.use(env.suppressNoise);
    this.ownPicture = signal(env.browser.get(PICTURE) ?? "");
    this.picture = this.ownPicture;
    this.behind = signal(this.keptBackground());
    this.background = this.behind;
    const hiding = local.camera.treatment;
    this.backgroundState = computed(() =>
      hiding.loading.value ? LOADING : this.pictureProblem.value,
    );
    hiding.onFailed = () => local.camera.switchOff(this.unhidden());
    this.hide();
    local.onMeasured = (level) => {
      const muted = local.mic.source.value !== null && !local.mic.choice.value.on;
      const now = env.now();
      this.talking = hearMuted(this.talking, level, muted, now);
      this.hint.value = this.talking.until > now;
    };
    local.follows = () => this.follow.value;
  }

  /** As it was switched on this device, or as it is at first. */
  private keep(name: string, first = true): ReadonlySignal<boolean> {
    const kept = this.env.browser.get(name);
    const s = signal(first ? kept !== "off" : kept === "on");
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
  setSaving(on: boolean): void {
    this.set("save-data", on);
  }
  private keptBackground(): Background {
    const kept = this.env.browser.get(BACKGROUND);
    if (kept === "picture") return this.ownPicture.value ? "picture" : "blur";
    return kept === "blur" ? "blur" : "none";
  }

  /** Puts what was chosen into force. */
  private hide(): void {
    const to = this.behind.value;
    const picture = to === "picture" ? this.ownPicture.value : "";
    const { treatment } = this.local.camera;
    treatment.use(to === "none" ? null : this.env.hideBackground(picture));
  }

  setBackground(to: Background): void {
    if (to === "picture" && !this.ownPicture.value) return;
    this.env.browser.set(BACKGROUND, to);
    this.pictureProblem.value = "";
    this.behind.value = to;
    this.hide();
  }

  setPicture(picture: Blob): void {
    this.env.shrink(picture).then(
      (address) => {
        this.env.browser.set(PICTURE, address);
        this.ownPicture.value = address;
        this.setBackground("picture");
      },
      () => {
        this.pictureProblem.value = NO_PICTURE;
      },
    );
  }

  /** The camera is off then: nobody sees more than was chosen. */
  private unhidden(): Problem {
    const show = (): void => {
      this.setBackground("none");
      if (!this.local.camera.choice.value.on) void this.local.camera.toggle();
    };
    return { ...notHidden, action: { label: "Show my background", run: show } };
  }

  setNoise(on: boolean): void {
    this.set("suppress-noise", on);
    this.noiseProblem.value = "";
    this.local.mic.treatment.use(on ? this.env.suppressNoise : null);
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
