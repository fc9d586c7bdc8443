/** Raised hands and reactions: who is in line, what is shown, and what is read out of it. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { type AppPayload, MAX_TICKET, type Sign } from "../e2ee/protocol";
import type { SignsModel } from "./model";

/** ms that a reaction is shown: shorter and it is missed, longer and the stage is a fair. */
const SHOWN = 4_000;
/** ms between two readings aloud: shorter and they talk over the meeting, longer and they tell of what is past. */
const READ_EVERY = 3_000;
/** ms between two reactions of ours: a key that is held down must not fill the log of all. */
const OWN_EVERY = 400;

export type Hands = ReadonlyMap<string, number>;

/** The sessions whose hands are raised, first come first; equal tickets by session, so that all see one line. */
export function lineOf(hands: Hands): string[] {
  return [...hands]
    .filter(([, ticket]) => ticket > 0)
    .sort(([a, m], [b, n]) => m - n || (a < b ? -1 : 1))
    .map(([session]) => session);
}

/** The ticket to take: behind everybody. */
export function nextTicket(hands: Hands): number {
  return Math.min(MAX_TICKET, Math.max(0, ...hands.values()) + 1);
}

/** One piece of news about others. */
export type News = { name: string; hand: true } | { name: string; sign: Sign };

export interface Reading {
  /** Who raised a hand, in order. */
  hands: string[];
  /** Who reacted, each once. */
  reactions: { names: string[]; signs: Sign[] };
}

/** What many small things come to when they are told at once. */
export function gather(news: readonly News[]): Reading {
  const hands = new Set<string>();
  const names = new Set<string>();
  const signs = new Set<Sign>();
  for (const n of news) {
    if ("hand" in n) hands.add(n.name);
    else {
      names.add(n.name);
      signs.add(n.sign);
    }
  }
  return { hands: [...hands], reactions: { names: [...names], signs: [...signs] } };
}

export interface SignsEvents {
  after(ms: number, f: () => void): () => void;
  now(): number;
  /** Seals it for the group; false: there is none yet. */
  say(payload: AppPayload): boolean;
  /** Our own session; "" before there is one. */
  me(): string;
}

export class Signs implements SignsModel {
  private readonly tickets = signal<Hands>(new Map());
  private readonly given = signal<ReadonlyMap<string, Sign>>(new Map());
  private readonly read = signal<Reading | null>(null);
  /** Places in the line by session, from 1. */
  readonly places: ReadonlySignal<Hands> = computed(
    () => new Map(lineOf(this.tickets.value).map((session, i) => [session, i + 1])),
  );
  readonly hands: ReadonlySignal<number> = computed(() => this.places.value.size);
  readonly raised: ReadonlySignal<boolean> = computed(() =>
    this.places.value.has(this.events.me()),
  );
  /** The reactions that are on the screen, by session. */
  readonly shown: ReadonlySignal<ReadonlyMap<string, Sign>> = this.given;
  /** What is read out; null: nothing yet. */
  readonly reading: ReadonlySignal<Reading | null> = this.read;
  private readonly ends = new Map<string, () => void>();
  private news: News[] = [];
  private cancelRead: (() => void) | null = null;
  private quietUntil = 0;
  private reactedAt = 0;

  constructor(private readonly events: SignsEvents) {}

  /** Somebody's hand or reaction, our own included. */
  take(session: string, name: string, said: AppPayload & { kind: "hand" | "reaction" }): void {
    const self = session === this.events.me();
    if (said.kind === "reaction") {
      this.show(session, said.sign);
      if (!self) this.tell({ name, sign: said.sign });
      return;
    }
    const before = this.tickets.value.get(session) ?? 0;
    if (before === said.ticket) return; // said again for somebody who joined
    this.set(session, said.ticket);
    if (!self && before === 0) this.tell({ name, hand: true });
  }

  private set(session: string, ticket: number): void {
    const tickets = new Map(this.tickets.value);
    if (ticket > 0) tickets.set(session, ticket);
    else tickets.delete(session);
    this.tickets.value = tickets;
  }

  private show(session: string, sign: Sign): void {
    this.ends.get(session)?.();
    this.given.value = new Map(this.given.value).set(session, sign);
    this.ends.set(
      session,
      this.events.after(SHOWN, () => this.hide(session)),
    );
  }

  private hide(session: string): void {
    this.ends.get(session)?.();
    this.ends.delete(session);
    const given = new Map(this.given.value);
    if (given.delete(session)) this.given.value = given;
  }

  /** The first is read at once; what comes soon after it waits and is read together. */
  private tell(n: News): void {
    this.news.push(n);
    if (this.cancelRead) return;
    const wait = Math.max(0, this.quietUntil - this.events.now());
    const aloud = (): void => {
      this.cancelRead = null;
      this.quietUntil = this.events.now() + READ_EVERY;
      this.read.value = gather(this.news);
      this.news = [];
    };
    if (wait === 0) aloud();
    else this.cancelRead = this.events.after(wait, aloud);
  }

  toggleHand(): void {
    const up = this.tickets.value.has(this.events.me());
    this.events.say({ kind: "hand", ticket: up ? 0 : nextTicket(this.tickets.value) });
  }

  react(sign: Sign): void {
    const now = this.events.now();
    if (now - this.reactedAt < OWN_EVERY) return;
    if (this.events.say({ kind: "reaction", sign })) this.reactedAt = now;
  }

  /** Tells somebody who joined that our hand is raised. */
  repeat(): void {
    const ticket = this.tickets.value.get(this.events.me());
    if (ticket) this.events.say({ kind: "hand", ticket });
  }

  /** Somebody left, and took the hand along. */
  forget(session: string): void {
    this.set(session, 0);
    this.hide(session);
  }

  /** These are here, and nobody else. */
  keep(here: ReadonlySet<string>): void {
    for (const session of [...this.tickets.value.keys()])
      if (!here.has(session)) this.forget(session);
  }

  /** A new session of ours: hands of before are of leaves that are gone. Returns whether ours was raised. */
  restart(me: string): boolean {
    const up = this.tickets.value.has(me);
    this.tickets.value = new Map();
    return up;
  }

  close(): void {
    this.cancelRead?.();
    for (const end of this.ends.values()) end();
    this.ends.clear();
  }
}
