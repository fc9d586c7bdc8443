/** Our own camera and microphone: what is chosen, what is on, what is wrong. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { type Kind, listDevices, openBoth, openDevice, problemOf } from "../media/devices";
import { type Meter, meterOf } from "../media/level";
import type { Env } from "./env";
import type { Device, DeviceChoice, Problem } from "./model";
import { plugged } from "./plugged";
import { Speaker } from "./speaker";
import { Treatment } from "./treatment";

const MEASURE_EVERY = 100; // ms

const nameOf = (e: unknown): string => (e as Error | null)?.name ?? "";

export class LocalDevice {
  private readonly state;
  readonly choice: ReadonlySignal<DeviceChoice>;
  /** What is done to it before it is sent. The raw camera never leaves while its background is to be hidden. */
  readonly treatment: Treatment;
  /** What is to be sent: null while it is off. */
  readonly track: ReadonlySignal<MediaStreamTrack | null>;
  private readonly opened = signal<MediaStreamTrack | null>(null);
  /** What is open, a microphone that is muted included. */
  readonly source: ReadonlySignal<MediaStreamTrack | null> = this.opened;
  private opening = 0;
  private holding = false;
  private forbidden = false;

  /**
   * A camera that is off is given back, so that its light goes out. A microphone that is muted stays open and is not sent: the
   * first word after unmuting would be lost, and some browsers would ask again each time.
   */
  constructor(
    private readonly env: Env,
    readonly kind: Kind,
    private readonly retry: () => void,
  ) {
    const on = env.browser.get(`${kind}:off`) !== "1";
    const chosen = env.browser.get(`${kind}:id`) ?? "";
    this.state = signal<DeviceChoice>({ on, devices: [], chosen, problem: null });
    this.choice = this.state;
    this.treatment = new Treatment(kind === "camera");
    this.track = computed(() => (this.state.value.on ? this.treatment.track.value : null));
  }

  private get held(): MediaStreamTrack | null {
    return this.opened.value;
  }
  private set held(track: MediaStreamTrack | null) {
    this.opened.value = track;
    this.treatment.feed(track);
  }

  /** Opens the device if it is on and not open yet. */
  async open(): Promise<void> {
    const number = ++this.opening;
    if (!this.state.value.on) {
      if (this.kind === "camera") this.drop();
    } else if (!this.held) {
      await this.acquire(number);
    }
    await this.list();
  }

  private async acquire(number: number): Promise<void> {
    try {
      const track = await this.ask(this.state.value.chosen);
      if (number === this.opening) this.take(track);
      else track.stop();
    } catch (e) {
      if (number !== this.opening) return;
      this.drop();
      const problem = problemOf(this.kind, e);
      this.update({
        on: false,
        problem: { ...problem, action: { label: "Try again", run: this.retry } },
      });
    }
  }

  private async ask(id: string): Promise<MediaStreamTrack> {
    const { devices } = this.env;
    if (!devices) throw Object.assign(new Error("no devices"), { name: "NotFoundError" });
    try {
      return await openDevice(devices, this.kind, id);
    } catch (e) {
      // The device of last time may be gone: any other will do.
      const gone = nameOf(e) === "OverconstrainedError" || nameOf(e) === "NotFoundError";
      if (id === "" || !gone) throw e;
      return openDevice(devices, this.kind, "");
    }
  }

  /** Takes an open track as this device's. */
  take(track: MediaStreamTrack): void {
    this.drop();
    this.held = track;
    track.onended = () => void this.lost();
    this.update({ problem: null, chosen: track.getSettings().deviceId ?? this.state.value.chosen });
  }

  async list(): Promise<Device[]> {
    const { devices } = this.env;
    const list = devices ? await listDevices(devices, this.kind).catch(() => []) : [];
    if (devices) this.update({ devices: list });
    return list;
  }

  /** Off by a host's word, without remembering that for the next time. */
  off(): void {
    this.holding = false;
    if (!this.state.value.on) return;
    this.opening++;
    this.update({ on: false });
    if (this.kind === "camera") this.drop();
  }

  /** It is off, and cannot be switched on until that is taken back; then it is off still. */
  forbid(on: boolean): void {
    this.forbidden = on;
    if (on) this.off();
  }

  async toggle(): Promise<void> {
    this.holding = false;
    const on = !this.state.value.on;
    if (on && this.forbidden) return;
    this.env.browser.set(`${this.kind}:off`, on ? "0" : "1");
    this.update({ on, problem: null });
    await this.open();
  }

  /** On while a key is down, without remembering that; what was on stays on. */
  async hold(down: boolean): Promise<void> {
    if (down === this.holding || (down && (this.state.value.on || this.forbidden))) return;
    this.holding = down;
    this.update({ on: down });
    await this.open();
  }

  /** Switches it off because of a problem, without remembering that for the next time. */
  switchOff(problem: Problem): void {
    this.opening++;
    this.update({ on: false, problem });
    this.drop();
  }

  async choose(id: string): Promise<void> {
    this.env.browser.set(`${this.kind}:id`, id);
    this.update({ chosen: id, problem: null });
    this.drop();
    await this.open();
  }

  /** Gives the device back and leaves what was chosen as it is. */
  drop(): void {
    const track = this.held;
    this.held = null;
    if (!track) return;
    track.onended = null;
    track.stop();
  }

  /** It was unplugged: another one may be there. */
  private async lost(): Promise<void> {
    this.held = null;
    this.update({ chosen: "" });
    await this.open();
  }

  private update(part: Partial<DeviceChoice>): void {
    this.state.value = { ...this.state.value, ...part };
  }
}

export class LocalMedia {
  readonly camera: LocalDevice;
  readonly mic: LocalDevice;
  private readonly loud = signal(0);
  readonly level: ReadonlySignal<number> = this.loud;
  readonly speaker: Speaker;
  private meter: Meter | null = null;
  /** Called with each measurement of the microphone, muted or not. */
  onMeasured: (level: number) => void = () => {};
  /** Whether to use what is plugged in, and who is told of it. */
  follows: () => boolean = () => false;
  onFollowed: (label: string, back: () => void) => void = () => {};

  constructor(private readonly env: Env) {
    this.camera = new LocalDevice(env, "camera", () => void this.camera.toggle());
    this.mic = new LocalDevice(env, "mic", () => void this.mic.toggle());
    this.speaker = new Speaker(env);
    this.mic.source.subscribe((track) => {
      this.meter?.close();
      this.meter = track ? meterOf(env.audioContext(), track) : null;
    });
    env.devices?.addEventListener?.("devicechange", () => {
      void this.camera.list();
      void this.soundChanged();
    });
    this.measure();
  }

  /** A headset brings a microphone and a speaker: both are used. */
  private async soundChanged(): Promise<void> {
    const { mic, speaker } = this;
    const before = { mic: mic.choice.value, speaker: speaker.choice.value };
    const [mics, speakers] = await Promise.all([mic.list(), speaker.list()]);
    if (!this.follows() || !mic.source.value) return;
    const newMic = plugged(before.mic.devices, mics);
    const newSpeaker = plugged(before.speaker?.devices ?? [], speakers);
    if (!newMic) return;
    void mic.choose(newMic.id);
    if (newSpeaker) speaker.choose(newSpeaker.id);
    this.onFollowed(newMic.label, () => {
      void mic.choose(before.mic.chosen);
      if (newSpeaker) speaker.choose(before.speaker?.chosen ?? "");
    });
  }

  /** How loud the microphone is now, muted or not. */
  hear(): number {
    return this.meter?.level() ?? 0;
  }

  /** It is on, and the browser does not let the page hear it. */
  get deaf(): boolean {
    return this.mic.track.value !== null && (this.meter?.deaf() ?? true);
  }

  private measure(): void {
    this.loud.value = this.hear();
    this.onMeasured(this.loud.value);
    this.env.after(MEASURE_EVERY, () => this.measure());
  }

  /** Opens what is on. Never throws: problems are with the devices. */
  async start(): Promise<void> {
    await this.startBoth();
    await Promise.all([this.camera.open(), this.mic.open()]);
  }

  private async startBoth(): Promise<void> {
    const { devices } = this.env;
    const ids = { camera: this.camera.choice.value.chosen, mic: this.mic.choice.value.chosen };
    const wanted = () => this.camera.choice.value.on && this.mic.choice.value.on;
    const open = () => this.camera.source.value !== null || this.mic.source.value !== null;
    if (!devices || !wanted() || open()) return;
    const tracks = await openBoth(devices, ids).catch(() => null); // which of them it is shows when each is opened
    if (!tracks) return;
    for (const device of [this.camera, this.mic]) {
      if (device.choice.value.on && !device.source.value) device.take(tracks[device.kind]);
      else tracks[device.kind].stop(); // switched off, or opened, while the browser asked
    }
  }

  stop(): void {
    this.camera.drop();
    this.mic.drop();
  }
}
