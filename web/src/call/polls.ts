/** Polls: who asks what, and what everybody says to it. Votes bear their voter's name: every client knows it, so none is called secret. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, MIN_OPTIONS, validLine } from "../e2ee/content";
import type { AppPayload } from "../e2ee/protocol";
import type { PollModel, PollsModel } from "./model";

/** Open polls of one person; more are not taken. */
const MOST_OPEN = 3;
/** Polls that are kept, closed ones included; the oldest go first. */
const KEPT = 30;

type Said = AppPayload & { kind: "poll" | "vote" | "poll_end" };
export type Votes = ReadonlyMap<string, { name: string; choices: readonly number[] }>;

interface Poll {
  key: string;
  asker: string;
  name: string;
  id: string;
  question: string;
  options: readonly string[];
  multiple: boolean;
  closed: boolean;
}

/** Votes that fit the poll: one choice where one is asked for, and of options that there are. */
export function countable(p: Pick<Poll, "options" | "multiple">, votes: Votes): Votes {
  return new Map(
    [...votes].filter(
      ([, { choices }]) =>
        choices.length > 0 &&
        (p.multiple || choices.length === 1) &&
        choices.every((c) => c < p.options.length),
    ),
  );
}

/** Throws away what is blank; null for what nobody could answer. */
export function composePoll(
  question: string,
  options: readonly string[],
): { question: string; options: string[] } | null {
  const asked = question.trim();
  const list = options.map((o) => o.trim()).filter((o) => o !== "");
  const fine =
    validLine(asked, MAX_QUESTION) &&
    list.every((o) => validLine(o, MAX_OPTION)) &&
    new Set(list).size === list.length &&
    list.length >= MIN_OPTIONS &&
    list.length <= MAX_OPTIONS;
  return fine ? { question: asked, options: list } : null;
}

export interface PollsEvents {
  say(payload: AppPayload): boolean;
  me(): string;
  random(): number;
  /** Somebody else asks something new. */
  asked(name: string, question: string): void;
}

export class Polls implements PollsModel {
  private readonly all = signal<readonly Poll[]>([]);
  /** By key of the poll, then by session; also of polls that we have not heard of yet. */
  private readonly votes = signal<ReadonlyMap<string, Votes>>(new Map());

  readonly list: ReadonlySignal<readonly PollModel[]> = computed(() =>
    this.all.value.map((p) => {
      const votes = countable(p, this.votes.value.get(p.key) ?? new Map());
      const me = this.events.me();
      return {
        key: p.key,
        name: p.name,
        own: p.asker === me,
        question: p.question,
        multiple: p.multiple,
        closed: p.closed,
        voters: votes.size,
        options: p.options.map((text, i) => ({
          text,
          names: [...votes.values()].filter((v) => v.choices.includes(i)).map((v) => v.name),
          chosen: votes.get(me)?.choices.includes(i) ?? false,
        })),
      };
    }),
  );

  constructor(private readonly events: PollsEvents) {}

  /** What somebody says of polls, ourselves included. */
  take(session: string, name: string, said: Said): void {
    switch (said.kind) {
      case "poll":
        this.add(session, name, said);
        return;
      case "vote":
        this.count(`${said.asker} ${said.poll}`, session, name, said.choices);
        return;
      case "poll_end":
        this.end((p) => p.asker === session && p.id === said.poll);
        return;
    }
  }

  /** What was asked first stays: who changes it under the votes is not heard. */
  private add(session: string, name: string, said: Said & { kind: "poll" }): void {
    const { id, question, options, multiple } = said;
    const key = `${session} ${id}`;
    if (this.all.value.some((p) => p.key === key)) return;
    if (this.all.value.filter((p) => p.asker === session && !p.closed).length >= MOST_OPEN) return;
    const poll: Poll = {
      key,
      asker: session,
      name,
      id,
      question,
      options,
      multiple,
      closed: false,
    };
    this.all.value = [...this.all.value, poll].slice(-KEPT);
    if (session !== this.events.me()) this.events.asked(name, question);
  }

  private count(key: string, session: string, name: string, choices: readonly number[]): void {
    if (this.all.value.find((p) => p.key === key)?.closed) return;
    const all = new Map(this.votes.value);
    all.set(key, new Map(all.get(key) ?? []).set(session, { name, choices }));
    const [oldest] = all.keys();
    if (all.size > 2 * KEPT && oldest !== undefined) all.delete(oldest);
    this.votes.value = all;
  }

  private end(which: (p: Poll) => boolean): void {
    this.all.value = this.all.value.map((p) => (which(p) ? { ...p, closed: true } : p));
  }

  // What people do.

  ask(question: string, options: readonly string[], multiple: boolean): boolean {
    const composed = composePoll(question, options);
    const me = this.events.me();
    const open = this.all.value.filter((p) => p.asker === me && !p.closed);
    if (!composed || open.length >= MOST_OPEN) return false;
    const digit = (): string => Math.floor(this.events.random() * 16).toString(16);
    const id = Array.from({ length: 16 }, digit).join("");
    return this.events.say({ kind: "poll", id, ...composed, multiple });
  }

  /** Chooses an option, or takes it back. */
  choose(key: string, option: number): void {
    const poll = this.all.value.find((p) => p.key === key);
    if (!poll || poll.closed) return;
    const old = this.votes.value.get(key)?.get(this.events.me())?.choices ?? [];
    const without = old.filter((c) => c !== option);
    const added = poll.multiple ? [...old, option].sort((a, b) => a - b) : [option];
    const choices = without.length < old.length ? without : added;
    this.events.say({ kind: "vote", asker: poll.asker, poll: poll.id, choices });
  }

  /** Ends a poll of ours. */
  close(key: string): void {
    const poll = this.all.value.find((p) => p.key === key);
    if (poll?.asker === this.events.me()) this.events.say({ kind: "poll_end", poll: poll.id });
  }

  /** Tells somebody who joined of our open polls, and of our votes in open ones. */
  repeat(): void {
    const me = this.events.me();
    for (const p of this.all.value) {
      if (p.closed) continue;
      const { id, question, multiple } = p;
      if (p.asker === me)
        this.events.say({ kind: "poll", id, question, options: [...p.options], multiple });
      const own = this.votes.value.get(p.key)?.get(me)?.choices ?? [];
      if (own.length > 0)
        this.events.say({ kind: "vote", asker: p.asker, poll: id, choices: [...own] });
    }
  }

  /** These are here, and nobody else: polls of who left are closed, and in open ones only votes of who is here count, as for those who come later. */
  keep(here: ReadonlySet<string>): void {
    this.end((p) => !here.has(p.asker));
    const open = new Set(this.all.value.filter((p) => !p.closed).map((p) => p.key));
    let changed = false;
    const all = new Map(this.votes.value);
    for (const [key, votes] of all) {
      if (!open.has(key)) continue;
      const kept = new Map([...votes].filter(([session]) => here.has(session)));
      if (kept.size === votes.size) continue;
      all.set(key, kept);
      changed = true;
    }
    if (changed) this.votes.value = all;
  }

  /** A new session of ours: all polls of before are over. */
  restart(): void {
    this.end(() => true);
  }
}
