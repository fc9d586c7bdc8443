/** Our own camera and microphone: what is chosen, what is on, what is wrong. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import { type Kind, listDevices, openDevice, problemOf } from "../media/devices";
import { type Meter, meterOf } from "../media/level";
import type { Env } from "./env";
import type { DeviceChoice } from "./model";

class LocalDevice {
  readonly choice;
  readonly track = signal<MediaStreamTrack | null>(null);
  private opening = 0;

  constructor(
    private readonly env: Env,
    private readonly kind: Kind,
  ) {
    const on = env.browser.get(`${kind}:off`) !== "1";
    const chosen = env.browser.get(`${kind}:id`) ?? "";
    this.choice = signal<DeviceChoice>({ on, devices: [], chosen, problem: null });
  }

  /** Opens the device if it is on. */
  async apply(): Promise<void> {
    const number = ++this.opening;
    const { on, chosen } = this.choice.value;
    if (!on) {
      this.drop();
      return;
    }
    const devices = this.env.devices;
    try {
      if (!devices) throw Object.assign(new Error("no devices"), { name: "NotFoundError" });
      const track = await openDevice(devices, this.kind, chosen).catch((e: unknown) => {
        // The device of last time may be gone: any other will do.
        const name = (e as Error | null)?.name;
        if (chosen && (name === "OverconstrainedError" || name === "NotFoundError")) return openDevice(devices, this.kind, "");
        throw e;
      });
      if (number !== this.opening) {
        track.stop();
        return;
      }
      this.drop();
      track.onended = () => void this.lost();
      this.track.value = track;
      this.update({ problem: null, chosen: track.getSettings().deviceId ?? chosen });
    } catch (e) {
      if (number !== this.opening) return;
      this.drop();
      this.update({ on: false, problem: problemOf(this.kind, e) });
    }
    await this.list();
  }

  async list(): Promise<void> {
    if (this.env.devices) this.update({ devices: await listDevices(this.env.devices, this.kind).catch(() => []) });
  }

  async toggle(): Promise<void> {
    const on = !this.choice.value.on;
    this.env.browser.set(`${this.kind}:off`, on ? "0" : "1");
    this.update({ on, problem: null });
    await this.apply();
  }

  async choose(id: string): Promise<void> {
    this.env.browser.set(`${this.kind}:id`, id);
    this.update({ chosen: id });
    await this.apply();
  }

  /** Stops the device and leaves what was chosen as it is. */
  drop(): void {
    const track = this.track.value;
    if (!track) return;
    track.onended = null;
    track.stop();
    this.track.value = null;
  }

  /** It was unplugged: another one may be there. */
  private async lost(): Promise<void> {
    this.track.value = null;
    this.update({ chosen: "" });
    await this.apply();
  }

  private update(part: Partial<DeviceChoice>): void {
    this.choice.value = { ...this.choice.value, ...part };
  }
}

export class LocalMedia {
  readonly camera: LocalDevice;
  readonly mic: LocalDevice;
  private readonly loud = signal(0);
  readonly level: ReadonlySignal<number> = this.loud;
  private meter: Meter | null = null;

  constructor(private readonly env: Env) {
    this.camera = new LocalDevice(env, "camera");
    this.mic = new LocalDevice(env, "mic");
    this.mic.track.subscribe((track) => {
      this.meter?.close();
      this.meter = track ? meterOf(env.audioContext(), track) : null;
    });
    env.devices?.addEventListener?.("devicechange", () => {
      void this.camera.list();
      void this.mic.list();
    });
    const measure = (): void => {
      this.loud.value = this.meter?.level() ?? 0;
      env.after(100, measure);
    };
    measure();
  }

  async start(): Promise<void> {
    await Promise.all([this.camera.apply(), this.mic.apply()]);
  }

  stop(): void {
    this.camera.drop();
    this.mic.drop();
  }
}
