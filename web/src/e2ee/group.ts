/**
 * The life of the group as one member sees it (PROTOCOL.md 1.3, 2.4): founding, asking, committing, following.
 *
 * Everything runs in one queue, one step after the other. A message that makes no sense is dropped and counted; a commit
 * that the delivery service has taken and we cannot follow makes us start over as a new leaf.
 */

import { type Policy, type Rules, withholds } from "./access";
import { type Acts, except } from "./acts";
import { type Bytes, cat, empty, eq, random, utf8 } from "./bytes";
import type { Card } from "./card";
import { Checks } from "./checks";
import type { Clock } from "./clock";
import type { Due } from "./committing";
import { envelopeType } from "./envelope";
import type { GroupEvents } from "./events";
import { Hearing } from "./hearing";
import { Heart } from "./heart";
import type { Asking, Hosting } from "./hosting";
import { joinGroup, readCommit } from "./joining";
import { RETAIN } from "./keys";
import type { Device } from "./leaf";
import type { LinkKeys } from "./link";
import { type Entry, LogReader } from "./log";
import { type Mark, Marks } from "./mark";
import {
  type Committed,
  encodeMessage,
  forgetKeyPackage,
  Group,
  getSuite,
  type KeyPackagePrivate,
  type Suite,
} from "./mls";
import { makeLeaf } from "./newleaf";
import { checkSaid, Orders } from "./orders";
import { signSendBack } from "./pass";
import { checkGroup, nobody, type Standing, type Terms } from "./policy";
import { Presence } from "./presence";
import type { AppPayload, GroupIn, Phase } from "./protocol";
import { Sealing } from "./sealing";
import { Staging } from "./staging";
import { Turns } from "./turns";

/** More, and a broken client keeps everybody rekeying; fewer, and a bad minute ends a meeting. */
const RESTARTS_PER_MINUTE = 3;
const MINUTE = 60_000;
/** How long a commit of ours may be without an answer until the log is asked for it. */
const UNANSWERED = 5_000;

/** A commit of ours that waits for the delivery service. */
interface Pending {
  /** That it ends. */
  epoch: number;
  body: Uint8Array;
  next: Group;
  standing: Standing;
  removed: boolean;
  /** It has new keys for our path. */
  path: boolean;
  /** When to ask what became of it; null when that was done. */
  askAt: number | null;
}

function deviceOf(s: Standing, session: string): Bytes {
  for (const i of s.infos.values()) if (i.session === session) return i.deviceKey;
  throw new Error("group: nobody is there with that session");
}

export class GroupMember {
  /** Messages that made no sense. */
  dropped = 0;
  private queue: Promise<void> = Promise.resolve();
  private readonly terms: Terms;
  private readonly suite: Suite;
  private readonly staging: Staging;
  private readonly checks: Checks;
  private readonly sealing: Sealing;
  private readonly marks: Marks;
  private readonly heart: Heart;

  // Of the session.
  private session = "";
  private name = "";
  private readonly presence = new Presence();
  private phase: Phase = "idle";
  private restarts: number[] = [];
  private stopped = false;

  // Of the leaf.
  private own: KeyPackagePrivate | null = null;
  private group: Group | null = null;
  private standing = nobody;
  private log = new LogReader();
  private asked = new Map<string, Asking>();
  private readonly hearing: Hearing;
  private orders: Orders;
  private ordered: Group | null = null; // of the epoch that the server was told of

  // Of committing.
  private pending: Pending | null = null;
  private toldAccess = "";
  private readonly turns = new Turns();
  private wake: (() => void) | null = null;

  constructor(
    room: string,
    keys: LinkKeys,
    card: Card,
    cardHash: Bytes,
    private readonly device: Device,
    readonly hosting: Hosting,
    private readonly clock: Clock,
    private readonly events: GroupEvents,
  ) {
    this.terms = { room, keys, card, cardHash };
    this.suite = getSuite(card.suite);
    this.staging = new Staging(this.terms, this.suite, hosting);
    this.sealing = new Sealing(this.terms);
    this.marks = new Marks(this.terms, hosting);
    this.hearing = new Hearing(this.sealing);
    const { sealing, presence } = this;
    const step = (f: () => Promise<void>) => void this.run(f);
    this.heart = new Heart(room, sealing, device, presence, clock, events, step);
    this.orders = new Orders(this.terms, hosting, "");
    this.checks = new Checks(this.terms, clock, () => this.standing);
  }

  /** Begins with a session. Called once. */
  start(
    name: string,
    session: string,
    generation: number,
    founded: boolean,
    mark: Mark | null = null,
  ): Promise<void> {
    return this.run(async () => {
      if (mark) await this.marks.take(mark).catch(() => this.dropped++);
      this.name = name;
      this.session = session;
      this.presence.start(session);
      this.orders = new Orders(this.terms, this.hosting, session);
      await this.begin(generation, founded);
    });
  }

  receive(m: GroupIn): Promise<void> {
    return this.run(() => this.take(m));
  }

  /** Says something to the group, if we are in it. */
  say(payload: AppPayload): Promise<void> {
    return this.run(() => this.speak(payload));
  }

  /** Puts lobby and lock up or down, if we may. */
  setPolicy(lobby: boolean, locked: boolean): Promise<void> {
    return this.rule(async () => ({ lobby, locked }));
  }

  /** Changes the rules of the meeting, if we may: change is given those that are in force, or on their way. */
  rule(change: (p: Policy, s: Standing) => Promise<Partial<Rules>>): Promise<void> {
    return this.moderate(async (s) =>
      this.hosting.want(await change(this.hosting.wish ?? s.policy, s), s),
    );
  }

  /** Lets those in who asked like this, if we may. */
  admit(asks: readonly string[]): Promise<void> {
    return this.moderate(async () => {
      for (const ask of asks) this.hosting.admitted.add(ask);
    });
  }

  /** Throws a session out, if we may. */
  remove(session: string): Promise<void> {
    return this.moderate(async (s) => {
      if (session === this.session) return;
      await this.hosting.remove(session, s);
      if (this.orders.possible) this.events.send({ type: "remove", session });
    });
  }

  /** Withholds acts from the device of a member, or gives them back, if we may. */
  except(session: string, withheld: Acts): Promise<void> {
    return this.rule(async (p, s) => {
      const device = deviceOf(s, session);
      return { exceptions: except(p.withheld, p.exceptions, device, withheld) };
    });
  }

  /** Has the device of a member act for the host, or not any more, if we may. */
  appoint(session: string, on: boolean): Promise<void> {
    return this.moderate((s) => this.hosting.appoint(deviceOf(s, session), on, s));
  }

  /** Ends the meeting for all, if we are the host. */
  endForAll(): Promise<void> {
    return this.moderate(async () => {
      if (this.hosting.hostSigner) this.events.send({ type: "end" });
    });
  }

  /** Sends a session back to the lobby, if we may. */
  sendBack(session: string): Promise<void> {
    return this.moderate(async (s) => {
      if (session !== this.session) await this.hosting.sendBack(session, s);
    });
  }

  private moderate(f: (s: Standing) => Promise<void>): Promise<void> {
    return this.run(async () => {
      if (this.moderates) await f(this.standing);
    });
  }

  private get moderates(): boolean {
    return this.phase === "member" && this.hosting.signer(this.standing.policy.grant) !== null;
  }

  private tellAccess(): void {
    if (this.phase !== "member") return;
    const { standing, moderates } = this;
    const waiting = this.hosting.waiting(this.asked.values(), standing);
    const text = [standing.policy.number, moderates, ...waiting.map((a) => a.ask)].join(" ");
    if (text === this.toldAccess) return;
    this.toldAccess = text;
    this.events.access(standing.policy, moderates, waiting);
  }

  private async tellReturned(): Promise<void> {
    const { hostSigner } = this.hosting;
    for (const session of this.hosting.takeReturned()) {
      if (!hostSigner) continue; // who is out has no key; that it is sent nothing is for the host to order
      const signature = await signSendBack(this.terms.room, session, hostSigner);
      if (!this.stopped) this.events.send({ type: "send_back", session, signature });
    }
  }

  /** What the server is to know of an epoch that has begun, and what a host does first in it. */
  private async tellServer(): Promise<void> {
    const { group, standing } = this;
    if (this.phase !== "member" || !group) return;
    const m = await this.marks.make(group, standing);
    if (m && !this.stopped) this.events.send(m);
    await this.tellReturned();
    if (this.ordered === group || this.stopped) return;
    this.ordered = group;
    await this.hosting.claim(standing.policy);
    const epoch = Number(group.epoch);
    const given = await this.orders.entered(standing, this.generation, epoch, this.clock.wall());
    if (this.stopped) return;
    for (const order of given.send) this.events.send(order);
    for (const payload of given.say) await this.speak(payload);
  }

  /** Resolves when everything that was begun is done. */
  idle(): Promise<void> {
    return this.queue;
  }

  /** Wipes the group's secrets. Nothing is sent or told any more. */
  stop(): void {
    this.stopped = true;
    this.wake?.();
    this.queue = this.queue.then(() => this.forget());
  }

  private run(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(async () => {
      if (this.stopped) return;
      await step().catch(() => this.dropped++);
      if (this.stopped) return;
      await this.tellServer().catch(() => this.dropped++);
      if (this.stopped) return;
      this.tellAccess();
      this.plan();
    });
    return this.queue;
  }

  // Beginning.

  private async begin(generation: number, founded: boolean): Promise<void> {
    this.forget();
    this.sealing.generation = generation;
    this.log = new LogReader();
    this.own = await this.newLeaf();
    if (founded) await this.ask();
    else if (this.hosting.mayFound) await this.found();
    else this.setPhase("hostless");
  }

  private newLeaf(): Promise<KeyPackagePrivate> {
    const { suite, terms, device, session, name } = this;
    return makeLeaf(suite, terms, device, session, name, this.clock.wall());
  }

  /** We cannot go on as the leaf that we are. */
  private async restart(): Promise<void> {
    const now = this.clock.now();
    this.restarts = this.restarts.filter((t) => now - t < MINUTE);
    if (this.restarts.length >= RESTARTS_PER_MINUTE) {
      this.forget();
      this.stop();
      this.events.broken("The meeting's group cannot be followed. Leave and join again.");
      return;
    }
    this.restarts.push(now);
    await this.begin(this.generation, true);
  }

  /** Wipes what belongs to our leaf. */
  private forget(): void {
    if (this.group) this.events.lost();
    this.dropPending();
    this.group?.destroy();
    if (this.own) forgetKeyPackage(this.own);
    this.group = null;
    this.own = null;
    this.standing = nobody;
    this.asked.clear();
    this.hearing.clear();
    this.heart.stop();
    this.turns.forget();
    this.toldAccess = "";
    this.phase = "idle";
  }

  private async found(): Promise<void> {
    const id = cat(utf8(this.terms.room), random(16));
    const extensions = await this.staging.firstContext(id, this.clock.wall());
    this.group = Group.create(this.terms.card.suite, this.checks.config, id, this.own!, extensions);
    this.setPhase("founding");
    this.events.send({ type: "found", generation: this.generation });
  }

  private async ask(): Promise<void> {
    const ask = encodeMessage({ wire: 5, keyPackage: this.own!.kp });
    const body = await this.sealing.seal(envelopeType.ask, 0, ask);
    this.setPhase("asking");
    this.events.send({ type: "ask", generation: this.generation, body });
  }

  private setPhase(p: Phase): void {
    this.phase = p;
    this.events.phase(p, this.group ? Number(this.group.epoch) : 0);
  }

  private get generation(): number {
    return this.sealing.generation;
  }

  // Receiving.

  private async take(m: GroupIn): Promise<void> {
    if (this.presence.take(m)) {
      if (m.type === "left") this.asked.delete(m.session);
      return;
    }
    if (m.type === "marked") {
      await this.marks.take(m.mark);
      if (this.phase === "hostless" && this.hosting.mayFound)
        await this.begin(this.generation, false);
      return;
    }
    if (m.type === "reset") {
      if (m.generation > this.generation) await this.begin(m.generation, false);
      return;
    }
    if (m.generation !== this.generation) return; // of a group that is gone
    switch (m.type) {
      case "founded":
        return this.founded(m.by);
      case "asked":
        return this.takeAsked(m.from, m.body);
      case "welcomed":
        return this.welcomed(m);
      case "committed":
      case "said":
        if (this.phase !== "member") return;
        if (this.log.keep(m)) this.askSince();
        return this.read();
      case "beat_of":
        if (this.phase === "member") await this.heart.hear(m);
        return;
      case "commit_refused":
        // The answer to an earlier commit may come when the next is already under way.
        if (this.pending && this.pending.epoch < m.epoch) this.dropPending();
        this.turns.behind = Math.max(this.turns.behind, m.epoch);
        this.turns.lastCommit = this.clock.now();
        return;
      case "caught_up":
        if (this.phase === "member") await this.caughtUp(m.seq);
        return;
      case "gap":
        if (this.phase === "member") await this.restart();
        return;
      default:
        m satisfies never;
    }
  }

  private async founded(by: string): Promise<void> {
    if (this.phase === "hostless") return this.ask();
    if (this.phase !== "founding" || !this.group) return;
    if (by === this.session) {
      const { group } = this;
      const { known } = this.hosting;
      const standing = await checkGroup(this.terms, group.ctx, group.members(), known);
      this.adopt(group, standing, false);
      return;
    }
    this.group.destroy();
    this.group = null;
    if (this.own) forgetKeyPackage(this.own);
    this.own = await this.newLeaf();
    await this.ask();
  }

  private async takeAsked(from: string, body: Uint8Array): Promise<void> {
    this.asked.delete(from); // a newer ask is in force, even one that is no good
    const asking = await this.staging.readAsk(
      from,
      await this.sealing.open(envelopeType.ask, 0, body),
    );
    this.asked.set(from, asking);
    this.hosting.asked(asking);
  }

  private async welcomed(m: GroupIn & { type: "welcomed" }): Promise<void> {
    if (this.phase !== "asking" || !this.own) return;
    try {
      const { terms, sealing, checks, hosting, own, session } = this;
      const joined = await joinGroup(terms, sealing, checks, hosting, own, session, m);
      this.log = new LogReader(m.seq);
      this.adopt(joined.group, joined.standing, false);
    } catch {
      this.dropped++;
      await this.restart(); // the delivery service takes us for a member, and the group has a leaf of ours
    }
  }

  private askSince(): void {
    this.events.send({ type: "since", generation: this.generation, seq: this.log.seq });
  }

  private async read(): Promise<void> {
    for (let e = this.log.next(); e; e = this.phase === "member" ? this.log.next() : undefined) {
      if (e.type === "committed") await this.follow(e);
      else await this.hear(e).catch(() => this.dropped++); // one that cannot be read harms nobody
    }
  }

  private async caughtUp(seq: number): Promise<void> {
    if (!this.log.caughtUp(seq)) return this.restart(); // entries are withheld
    if (this.pending?.askAt === null) this.dropPending(); // it never arrived
  }

  private async follow(m: Entry & { type: "committed" }): Promise<void> {
    const { group, pending } = this;
    if (!group || BigInt(m.epoch) !== group.epoch) return this.restart();
    if (pending && eq(pending.body, m.body)) {
      this.pending = null;
      if (pending.path) this.turns.refreshed(this.clock.now());
      this.adopt(pending.next, pending.standing, pending.removed);
      return;
    }
    this.dropPending();
    this.checks.broken = false;
    try {
      const ev = await group.process(await readCommit(this.sealing, m));
      if (!ev.next) throw new Error("commit: it removes us");
      this.adopt(ev.next, this.checks.checked, ev.removed.length > 0);
    } catch {
      // The delivery service has taken it as the end of the epoch: whoever could follow it is elsewhere now.
      if (this.checks.broken) this.hosting.broken(this.standing);
      this.dropped++;
      await this.restart();
    }
  }

  private dropPending(): void {
    this.pending?.next.discard();
    this.pending = null;
  }

  /** Goes on to an epoch: the first of ours, or the next. */
  private adopt(next: Group, standing: Standing, removed: boolean): void {
    const { infos, policy } = standing;
    const epoch = Number(next.epoch);
    const old = this.group;
    if (old && old !== next) {
      this.hearing.past.keep(Number(old.epoch), this.standing.infos);
      old.retire();
      this.clock.after(RETAIN, () => void this.run(async () => this.forgetEpoch(old)));
    }
    this.hearing.past.forget(epoch);
    // Whoever was added has been served; the delivery service has forgotten their ask, too.
    const before = new Set([...this.standing.infos.values()].map((i) => i.member));
    for (const i of infos.values()) if (!before.has(i.member)) this.asked.delete(i.session);
    this.group = next;
    this.standing = standing;
    this.hosting.entered(standing);
    this.turns.entered(this.phase !== "member", this.clock.now());
    const base = next.export("SFrame 1.0 Base Key", empty, 16);
    const members = new Map(
      [...infos].map(([leaf, i]) => [
        i.session,
        { leaf, member: i.member, withheld: withholds(policy, i.deviceKey) },
      ]),
    );
    this.setPhase("member");
    this.heart.entered(next, infos);
    this.events.epoch({ epoch, base, members, self: next.me, removed }, infos, policy);
  }

  /** Late messages are read for as long as late frames are. */
  private forgetEpoch(old: Group): void {
    const { group } = this;
    if (!group || !eq(group.ctx.groupId, old.ctx.groupId)) return;
    group.forget(old.epoch);
    this.hearing.past.drop(Number(old.epoch));
  }

  // Speaking.

  private async speak(payload: AppPayload): Promise<void> {
    if (this.phase !== "member" || !this.group) return;
    this.events.send(await this.hearing.say(this.group, payload));
  }

  private async hear(m: Entry & { type: "said" }): Promise<void> {
    const { info, self, payload } = await this.hearing.hear(this.group!, this.standing.infos, m);
    if (!payload) return;
    checkSaid(this.standing.policy, info, payload); // ours too: nobody sees of his own what others do not
    if (payload.kind !== "pass") return this.events.said(info, self, payload);
    const order = await this.orders.take(payload);
    if (order) this.events.send(order);
  }

  // Committing.

  private next(group: Group): { at: number; due: Due } | null {
    const { staging, standing, asked, hosting } = this;
    const s = staging.situation(group, standing, this.presence.sessions, asked);
    const onlyOurs = (d: Due) => staging.onlyOurs(d, standing, asked);
    return this.turns.next(s, this.clock.now(), hosting.wish !== null, onlyOurs);
  }

  /** Sets the alarm for what is ours to do next. */
  private plan(): void {
    this.wake?.();
    this.wake = null;
    const { group, pending } = this;
    if (this.phase !== "member" || !group) return;
    if (pending) {
      if (pending.askAt !== null) this.wakeAt(pending.askAt, async () => this.missAnswer(pending));
      return;
    }
    const next = this.next(group);
    if (next) this.wakeAt(next.at, () => this.commitDue());
  }

  private wakeAt(at: number, f: () => Promise<void>): void {
    this.wake = this.clock.after(Math.max(0, at - this.clock.now()), () => {
      this.wake = null;
      void this.run(f);
    });
  }

  /** Asks the log what became of our commit. */
  private missAnswer(pending: Pending): void {
    if (this.pending !== pending) return;
    const asked = this.log.ask();
    pending.askAt = asked ? null : this.clock.now() + UNANSWERED;
    if (asked) this.askSince();
  }

  private async commitDue(): Promise<void> {
    const { group } = this;
    if (this.phase !== "member" || !group || this.pending) return;
    const next = this.next(group);
    if (!next || next.at > this.clock.now()) return; // what was due has been done meanwhile
    const adds = next.due.adds.flatMap((s) => this.asked.get(s) ?? []);
    this.turns.lastCommit = this.clock.now();
    let made: Committed;
    try {
      made = await this.staging.commit(group, this.standing, next.due.removes, adds);
    } catch (e) {
      for (const session of await this.staging.hopeless(group, this.standing, adds))
        this.asked.delete(session);
      throw e;
    }
    const epoch = Number(group.epoch);
    const out = await this.sealing.commit(epoch, made, next.due.adds);
    const removed = next.due.removes.length > 0;
    const askAt = this.clock.now() + UNANSWERED;
    const standing = this.checks.checked;
    const { body } = out;
    const path = removed || adds.length === 0 || this.hosting.wish !== null;
    this.pending = { epoch, body, next: made.next, standing, removed, path, askAt };
    this.events.send(out);
  }
}
