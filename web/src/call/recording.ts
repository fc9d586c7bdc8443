/** Recording a meeting on this device, and who else does. Everybody is told before it begins, inside the encryption and signed. */
import { effect, type ReadonlySignal, signal } from "@preact/signals-core";
import type { AppPayload } from "../e2ee/protocol";
import type { Env } from "./env";
import type { Box, Notice, RecordedTile, RecordingModel, TileModel } from "./model";
import type { SeatView } from "./tiles";
import { msg } from "./words";

/** ms in which the group must have heard of it; otherwise nothing is recorded. */
const TOLD_WITHIN = 60_000;
/** ms between two times that the group is told while it lasts: who was not there yet, or too far behind to open it, hears it then. */
const SAID_EVERY = 15_000;
/** Set while there may be recordings in this browser's files, so that nobody else has to look. */
export const KEPT_FLAG = "recordings";

/** What of a recorder is used here. */
export interface RecorderLike {
  readonly name: string;
  readonly withSound: boolean;
  begin(): Promise<void>;
  show(tiles: readonly RecordedTile[]): void;
  hear(tracks: readonly MediaStreamTrack[]): void;
  end(): Promise<void>;
}

export interface RecordingEvents {
  /** Seals it for the group; false: there is none yet. */
  say(payload: AppPayload): boolean;
  tell(text: string, kind?: Notice["kind"], action?: Notice["action"]): void;
  tiles: ReadonlySignal<readonly TileModel[]>;
  seats: ReadonlySignal<readonly SeatView[]>;
  /** Our own voice and the sound of our screen, as far as they are sent. */
  own(): readonly (MediaStreamTrack | null)[];
}

export class Recording implements RecordingModel {
  private readonly stage = signal<"off" | "telling" | "on" | "ending">("off");
  readonly state: ReadonlySignal<"off" | "telling" | "on" | "ending"> = this.stage;
  private readonly others = signal<ReadonlySet<string>>(new Set());
  /** The sessions that record, our own included. */
  readonly by: ReadonlySignal<ReadonlySet<string>> = this.others;
  private readonly boxes = signal<ReadonlyMap<string, Box>>(new Map());
  private recorder: RecorderLike | null = null;
  private passphrase: string | null = null;
  private stopFollowing: () => void = () => {};
  private cancelWait: () => void = () => {};
  private cancelSaying: () => void = () => {};

  constructor(
    private readonly env: Env,
    private readonly events: RecordingEvents,
  ) {}

  get possible(): boolean {
    return this.env.recordings.possible;
  }

  /** Where the pictures stand in the recording, by key of their tiles. */
  place(boxes: ReadonlyMap<string, Box>): void {
    this.boxes.value = boxes;
  }

  start(passphrase: string | null): void {
    if (this.stage.value !== "off" || !this.possible) return;
    this.passphrase = passphrase;
    this.stage.value = "telling";
    this.cancelWait = this.env.after(TOLD_WITHIN, () => this.giveUp(NOT_TOLD));
    if (!this.events.say({ kind: "recording", on: true })) this.giveUp(NOT_TOLD);
  }

  /** Somebody records, or no longer does; ourselves when what we said came back, which is when we begin. */
  take(session: string, self: boolean, on: boolean): void {
    const by = new Set(this.others.value);
    if (on) by.add(session);
    else by.delete(session);
    if (by.size !== this.others.value.size) this.others.value = by;
    if (self && on && this.stage.value === "telling") void this.begin();
  }

  private async begin(): Promise<void> {
    this.cancelWait();
    this.stage.value = "on";
    this.sayOn();
    try {
      this.env.browser.set(KEPT_FLAG, "1");
      const recorder = await this.env.recordings.make(this.passphrase, () => this.failed());
      this.passphrase = null;
      if (this.stage.value !== "on") return; // left meanwhile
      await recorder.begin();
      this.recorder = recorder;
      this.follow(recorder);
      if (!recorder.withSound)
        this.events.tell(msg("Your browser plays no sound, so none is recorded"), "warn");
      if (this.stage.value !== "on") await this.finish(recorder);
    } catch {
      this.failed();
    }
  }

  /** Gives the recorder what is on the stage and what is heard, from now on. */
  private follow(recorder: RecorderLike): void {
    const stopPictures = effect(() => {
      const boxes = this.boxes.value;
      const shown: RecordedTile[] = [];
      for (const { key, name, source, stream, video } of this.events.tiles.value) {
        const box = boxes.get(key);
        if (box) shown.push({ key, name, source, stream: video === "on" ? stream : null, box });
      }
      recorder.show(shown);
    });
    const stopSound = effect(() => {
      const tracks = this.events.own().filter((t) => t !== null);
      for (const s of this.events.seats.value) {
        if (s.session === "" || s.state !== "open") continue;
        if (s.source === "mic" || s.source === "screen-audio")
          tracks.push(...(s.stream?.getAudioTracks() ?? []));
      }
      recorder.hear(tracks);
    });
    this.stopFollowing = () => {
      stopPictures();
      stopSound();
    };
  }

  stop(): void {
    if (this.stage.value === "telling") {
      this.events.say({ kind: "recording", on: false });
      this.giveUp("");
    }
    if (this.stage.value !== "on") return;
    this.stage.value = "ending";
    const { recorder } = this;
    if (recorder) void this.finish(recorder);
  }

  private async finish(recorder: RecorderLike): Promise<void> {
    this.recorder = null;
    this.stopFollowing();
    await recorder.end().catch(() => {}); // what was written is there
    this.stage.value = "off";
    this.events.say({ kind: "recording", on: false });
    void this.env.recordings.refresh();
    const save = (): void => void this.env.recordings.save(recorder.name);
    this.events.tell(
      msg("The recording is in this browser only. Save it before you clear its data."),
      "warn",
      {
        label: msg("Save"),
        run: save,
      },
    );
  }

  /** The disk is full, or the browser refuses; what was written stays. */
  private failed(): void {
    if (this.stage.value === "off") return;
    this.recorder = null;
    this.stopFollowing();
    this.giveUp(NOT_WRITTEN);
    this.events.say({ kind: "recording", on: false });
    void this.env.recordings.refresh();
  }

  private giveUp(why: string): void {
    this.cancelWait();
    this.passphrase = null;
    this.stage.value = "off";
    if (why) this.events.tell(why, "warn");
  }

  /** Tells somebody who joined. What was said before the recording began was for who was there then. */
  repeat(): void {
    if (this.stage.value !== "off") this.events.say({ kind: "recording", on: true });
  }

  private sayOn(): void {
    this.cancelSaying();
    this.cancelSaying = this.env.after(SAID_EVERY, () => {
      if (this.stage.value === "off") return;
      this.repeat();
      this.sayOn();
    });
  }

  /** These are here, and nobody else. */
  keep(here: ReadonlySet<string>): void {
    const by = new Set([...this.others.value].filter((s) => here.has(s)));
    if (by.size !== this.others.value.size) this.others.value = by;
  }

  /** The meeting is over: what is recorded is finished. */
  close(): void {
    if (this.stage.value === "telling") this.giveUp("");
    const { recorder } = this;
    this.stage.value = "off";
    this.recorder = null;
    this.stopFollowing();
    if (recorder)
      recorder.end().then(
        () => this.env.recordings.refresh(),
        () => {}, // what was written is there
      );
  }
}

const NOT_TOLD = msg("Nothing is recorded: the others could not be told. Try again in a moment.");
const NOT_WRITTEN = msg(
  "The recording ended: this browser can't write it. Is the disk full, or is this a private window?",
);
