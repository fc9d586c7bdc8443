/** The device check: how we look and sound, under which name we join. */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { wellFormed } from "../e2ee/names";
import type { Env } from "./env";
import type { LocalMedia } from "./local";
import type { CheckModel, DeviceChoice, Problem } from "./model";

export class Check implements CheckModel {
  /** Null while the meeting's card is not verified yet: nobody can join then. */
  private readonly about = signal<{ title: string; people: number } | null>(null);
  private readonly typed;
  private readonly busy = signal(false);
  private readonly wrong = signal<Problem | null>(null);
  private readonly clean: ReadonlySignal<string>;
  /** The name that the worker would not take. */
  private readonly misnamed = signal("");

  readonly title = computed(() => this.about.value?.title ?? "");
  readonly people = computed(() => this.about.value?.people ?? null);
  readonly joining: ReadonlySignal<boolean> = this.busy;
  readonly problem: ReadonlySignal<Problem | null> = this.wrong;
  readonly name: ReadonlySignal<string>;
  readonly nameHint: ReadonlySignal<string>;
  readonly canJoin: ReadonlySignal<boolean>;
  readonly preview: ReadonlySignal<MediaStream | null>;

  /** enter is called with the name when it is time to join. */
  constructor(
    private readonly env: Env,
    private readonly local: LocalMedia,
    readonly mirror: ReadonlySignal<boolean>,
    private readonly enter: (name: string) => void,
    /** Asks the worker, which answers by refuse where the name may not be borne. */
    private readonly judge: (name: string) => void,
  ) {
    this.typed = signal(env.browser.get("name") ?? "");
    this.name = this.typed;
    this.clean = computed(() => this.typed.value.trim().normalize("NFC"));
    this.nameHint = computed(() => {
      const name = this.clean.value;
      if (name === "") return "";
      if (!wellFormed(name)) return "A name has at most 64 characters, and no invisible ones.";
      return name === this.misnamed.value ? "Not every browser knows all of these characters." : "";
    });
    this.canJoin = computed(
      () =>
        this.about.value !== null &&
        this.clean.value !== "" &&
        this.nameHint.value === "" &&
        !this.busy.value,
    );
    this.preview = computed(() =>
      local.camera.track.value ? new MediaStream([local.camera.track.value]) : null,
    );
  }

  get camera() {
    return this.local.camera.choice;
  }
  get mic() {
    return this.local.mic.choice;
  }
  get speaker(): ReadonlySignal<DeviceChoice | null> {
    return this.local.speaker.choice;
  }
  get level(): ReadonlySignal<number> {
    return this.local.level;
  }

  /** Shown while the meeting is being looked up. */
  prepare(): void {
    batch(() => {
      this.about.value = null;
      this.wrong.value = null;
      this.busy.value = false;
    });
  }

  /** Begins for a meeting whose card was verified. Returns when the devices are open, or are known not to open. */
  async begin(title: string, people: number): Promise<void> {
    batch(() => {
      this.about.value = { title, people };
      this.wrong.value = null;
      this.busy.value = false;
    });
    this.judge(this.clean.value);
    await this.local.start();
    await this.local.speaker.list();
  }

  join(): void {
    if (!this.canJoin.value) return;
    const name = this.clean.value;
    batch(() => {
      this.busy.value = true;
      this.wrong.value = null;
    });
    this.env.browser.set("name", name);
    this.enter(name);
  }

  /** Joining has ended, in whatever way. */
  done(): void {
    batch(() => {
      this.busy.value = false;
      this.wrong.value = null;
    });
  }

  /** Joining takes long; it is still being tried. */
  explain(problem: Problem): void {
    this.wrong.value = problem;
  }

  setName(name: string): void {
    this.typed.value = name;
    this.judge(this.clean.value);
  }
  /** What the worker says of a name. */
  refuse(name: string): void {
    this.misnamed.value = name;
  }
  toggleCamera(): void {
    void this.local.camera.toggle();
  }
  toggleMic(): void {
    void this.local.mic.toggle();
  }
  chooseCamera(id: string): void {
    void this.local.camera.choose(id);
  }
  chooseMic(id: string): void {
    void this.local.mic.choose(id);
  }
  chooseSpeaker(id: string): void {
    this.local.speaker.choose(id);
  }
}
