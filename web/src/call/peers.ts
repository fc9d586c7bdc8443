/** The other sessions of the room, as the server and they themselves tell of them. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Cause, Grade, ServerMessage } from "../wire/wire.gen";
import type { PeerView } from "./tiles";

/** How somebody's connections do, both ways. */
export interface Quality {
  up: Grade;
  upCause: Cause;
  down: Grade;
  downCause: Cause;
}

export class Peers {
  private readonly all = signal<ReadonlyMap<string, PeerView>>(new Map());
  readonly map: ReadonlySignal<ReadonlyMap<string, PeerView>> = this.all;
  private readonly grades = signal<ReadonlyMap<string, Quality>>(new Map());
  /** How connections do, of those that the server has told of, ourselves included: all others do well. */
  readonly quality: ReadonlySignal<ReadonlyMap<string, Quality>> = this.grades;

  /** Takes what is said of peers; other messages change nothing. */
  take(m: ServerMessage): void {
    switch (m.type) {
      case "peers":
        this.all.value = new Map(
          m.peers.map((p) => [p.session, { on: p.on, away: p.away, says: null }]),
        );
        break;
      case "arrived":
        this.set(m.session, { on: [], away: false, says: null });
        break;
      case "left":
        this.remove(m.session);
        break;
      case "away":
        this.change(m.session, { away: m.away });
        break;
      case "sources_of":
        this.change(m.session, { on: m.on });
        break;
      case "quality":
        this.grades.value = new Map(this.grades.value).set(m.session, {
          up: m.up,
          upCause: m.up_cause,
          down: m.down,
          downCause: m.down_cause,
        });
        break;
      default:
    }
  }

  /** Takes what somebody says, inside the encryption, to have switched on. */
  says(session: string, says: PeerView["says"]): void {
    this.change(session, { says });
  }

  clear(): void {
    this.all.value = new Map();
    this.grades.value = new Map();
  }

  private remove(session: string): void {
    const peers = new Map(this.all.value);
    peers.delete(session);
    this.all.value = peers;
    const grades = new Map(this.grades.value);
    if (grades.delete(session)) this.grades.value = grades;
  }

  private set(session: string, p: PeerView): void {
    this.all.value = new Map(this.all.value).set(session, p);
  }

  private change(session: string, part: Partial<PeerView>): void {
    const old = this.all.value.get(session);
    if (old) this.set(session, { ...old, ...part });
  }
}
