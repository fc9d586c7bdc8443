/** Where sound is played: what there is, what was chosen, remembered on this device. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import { listDevices } from "../media/devices";
import type { Env } from "./env";
import type { Device, DeviceChoice } from "./model";

const KEPT = "speaker:id";

export class Speaker {
  private readonly state = signal<DeviceChoice | null>(null);
  /** Null where there is nothing to choose. */
  readonly choice: ReadonlySignal<DeviceChoice | null> = this.state;
  /** "" is the browser's own choice. */
  readonly chosen;

  constructor(private readonly env: Env) {
    this.chosen = signal(env.browser.get(KEPT) ?? "");
  }

  async list(): Promise<Device[]> {
    const { devices, canChooseSpeaker } = this.env;
    if (!devices || !canChooseSpeaker) return [];
    const list = await listDevices(devices, "speaker").catch(() => []);
    const known = list.some((d) => d.id === this.chosen.value);
    const chosen = known ? this.chosen.value : (list[0]?.id ?? "");
    this.state.value = list.length > 1 ? { on: true, devices: list, chosen, problem: null } : null;
    return list;
  }

  choose(id: string): void {
    this.env.browser.set(KEPT, id);
    this.chosen.value = id;
    if (this.state.value) this.state.value = { ...this.state.value, chosen: id };
  }
}
