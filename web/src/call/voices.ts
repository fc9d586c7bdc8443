/** Plays the seats of sound and finds out who is speaking, from decoded sound. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import { type Meter, meterOf } from "../media/level";
import { Playback } from "../media/playback";
import { hearLevel, isSpeech, SILENCE, type Speech } from "../media/speech";
import type { Env } from "./env";
import type { LocalMedia } from "./local";
import type { SeatView } from "./tiles";

const EVERY = 150; // ms

export class Voices {
  private readonly playback: Playback;
  private readonly loud = signal<ReadonlyMap<string, number>>(new Map());
  /** How loud people are played, 0 to 1, by session: for this meeting only. */
  readonly volumes: ReadonlySignal<ReadonlyMap<string, number>> = this.loud;
  private owners = new Map<number, string>(); // of the seats of sound
  private meters = new Map<number, { session: string; stream: MediaStream; meter: Meter }>();
  private speech = new Map<string, Speech>(); // by session, of others
  private own = SILENCE;
  private readonly unheard = signal(false);
  /** Our own microphone is on, and whether we speak cannot be known. */
  readonly deaf: ReadonlySignal<boolean> = this.unheard;
  private last: ReadonlySet<string> = new Set();
  private closed = false;

  constructor(
    private readonly env: Env,
    blocked: () => void,
    private readonly local: Pick<LocalMedia, "hear" | "deaf"> & {
      mic: Pick<LocalMedia["mic"], "track">;
    },
    private readonly me: () => string,
    /** Several times a second: who leads depends on the time, too. The same set as before, while it is the same people. */
    private readonly heard: (speaking: ReadonlySet<string>) => void,
  ) {
    this.playback = new Playback(() => env.makeAudio(), blocked);
    const tick = (): void => {
      if (this.closed) return;
      this.measure();
      env.after(EVERY, tick);
    };
    tick();
  }

  setSeats(seats: readonly SeatView[]): void {
    for (const seat of seats) {
      if (seat.source !== "mic" && seat.source !== "screen-audio") continue;
      const stream = seat.session && seat.state === "open" ? seat.stream : null;
      this.playback.set(seat.index, stream);
      this.playback.setVolume(seat.index, this.loud.value.get(seat.session) ?? 1);
      this.owners.set(seat.index, seat.session);
      if (seat.source !== "mic") continue;
      const old = this.meters.get(seat.index);
      if (old && old.session === seat.session && old.stream === stream) continue;
      old?.meter.close();
      this.meters.delete(seat.index);
      const track = stream?.getAudioTracks()[0];
      if (stream && track) {
        this.meters.set(seat.index, {
          session: seat.session,
          stream,
          meter: meterOf(this.env.audioContext(), track),
        });
      }
    }
  }

  /** Voice and shared sound of one person alike; volume is kept between 0 and 1. */
  setVolume(session: string, volume: number): void {
    const v = Math.min(1, Math.max(0, volume));
    this.loud.value = new Map(this.loud.value).set(session, v);
    for (const [seat, owner] of this.owners)
      if (owner === session) this.playback.setVolume(seat, v);
  }

  chooseSpeaker(id: string): void {
    this.playback.chooseSpeaker(id);
  }

  resume(): void {
    this.playback.resume();
  }

  private measure(): void {
    const now = this.env.now();
    for (const { session, meter } of this.meters.values())
      this.speech.set(session, hearLevel(this.speech.get(session) ?? SILENCE, meter.level(), now));
    // While muted, too: the noise of the room is known when the microphone is switched on, and is nobody's voice.
    this.own = hearLevel(this.own, this.local.hear(), now);
    this.unheard.value = this.local.deaf;
    const speaking = new Set<string>();
    if (this.local.mic.track.value && isSpeech(this.own, now)) speaking.add(this.me());
    for (const [session, s] of this.speech) {
      if (isSpeech(s, now)) speaking.add(session);
      else if (s.at !== now) this.speech.delete(session); // on no seat any more
    }
    if (speaking.size !== this.last.size || [...speaking].some((s) => !this.last.has(s)))
      this.last = speaking;
    this.heard(this.last);
  }

  close(): void {
    this.closed = true;
    this.playback.close();
    for (const { meter } of this.meters.values()) meter.close();
    this.meters.clear();
  }
}
