/**
 * The life of the group as one member sees it (PROTOCOL.md 1.3, 2.4): founding, asking, committing, following.
 *
 * Everything runs in one queue, one step after the other. A message that makes no sense is dropped and counted; a commit
 * that the delivery service has taken and we cannot follow makes us start over as a new leaf.
 */

import { withholds } from "./access";
import { type Bytes, cat, empty, eq, random, utf8 } from "./bytes";
import type { Card } from "./card";
import { Changing } from "./changing";
import { Checks } from "./checks";
import type { Clock } from "./clock";
import { type Due, due } from "./committing";
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
import { Moderation } from "./moderation";
import { makeLeaf } from "./newleaf";
import { checkSaid, Orders } from "./orders";
import { Partings } from "./parting";
import { signSendBack } from "./pass";
import { checkGroup, nobody, type Standing, type Terms } from "./policy";
import { Presence } from "./presence";
import type { AppPayload, GroupIn, Phase } from "./protocol";
import { type Relink, sayNext } from "./relink";
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

export class GroupMember {
  /** Messages that made no sense. */
  dropped = 0;
  readonly moderation: Moderation;
  private queue: Promise<void> = Promise.resolve();
  private readonly terms: Terms;
  private readonly suite: Suite;
  private readonly staging: Staging;
  private readonly checks: Checks;
  private readonly sealing: Sealing;
  private readonly changing: Changing;
  private readonly marks: Marks;
  private readonly heart: Heart;
  private readonly partings: Partings;

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
    this.terms = { room, keys, card, cardHash, announced: [] };
    this.suite = getSuite(card.suite);
    this.staging = new Staging(this.terms, this.suite, hosting);
    this.sealing = new Sealing(this.terms);
    this.changing = new Changing(this.terms, hosting, this.sealing);
    this.marks = new Marks(this.terms, hosting);
    this.hearing = new Hearing(this.sealing);
    const { sealing, presence } = this;
    const step = (f: () => Promise<void>) => void this.run(f);
    this.heart = new Heart(room, sealing, device, presence, clock, events, step);
    this.partings = new Partings(room, sealing, device, presence, hosting, events);
    this.orders = new Orders(this.terms, hosting, "");
    this.moderation = new Moderation(hosting, {
      step: (f) =>
        this.run(async () => (this.moderates ? f(this.standing, this.session) : undefined)),
      order: (f) => this.run(() => f(this.orders, this.generation)),
      possible: () => this.orders.possible,
      send: (m) => events.send(m),
    });
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

  private get moderates(): boolean {
    return this.phase === "member" && this.hosting.signer(this.standing.policy.grant) !== null;
  }

  private tellAccess(): void {
    if (this.phase !== "member") return;
    const { standing, moderates } = this;
    const waiting = this.hosting.waiting(this.asked.values(), standing);
    const { mayRestart } = this.orders;
    const asks = waiting.map((a) => a.ask);
    const text = [standing.policy.number, moderates, mayRestart, ...asks].join(" ");
    if (text === this.toldAccess) return;
    this.toldAccess = text;
    this.events.access(standing.policy, moderates, waiting, mayRestart);
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
    await this.partings.entered(standing.infos.get(group.me)!.member);
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
      this.setPhase("stuck");
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
    this.sealing.forget();
    this.heart.stop();
    this.turns.forget();
    this.toldAccess = "";
    this.phase = "idle";
  }

  private async found(): Promise<void> {
    const id = cat(utf8(this.terms.room), random(16));
    const extensions = await this.staging.firstContext(id, this.clock.wall(), this.generation);
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
    this.events.phase(p, this.group ? Number(this.group.epoch) : 0, this.orders.mayRestart);
  }

  private get generation(): number {
    return this.sealing.generation;
  }

  // Receiving.

  private async take(m: GroupIn): Promise<void> {
    if (this.presence.take(m)) {
      if (m.type === "left") {
        this.asked.delete(m.session);
        await this.partings.take(m, this.standing.infos);
      }
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
      const { group, terms } = this;
      const said = [group.ctx, group.members(), this.hosting.known] as const;
      const standing = await checkGroup(terms, ...said).catch(() => null);
      if (standing) return this.adopt(group, standing, false);
      this.dropped++; // the host has said something since that it does not keep to
      return this.restart();
    }
    this.group.destroy();
    this.group = null;
    if (this.own) forgetKeyPackage(this.own);
    this.own = await this.newLeaf();
    await this.ask();
  }

  private async takeAsked(from: string, body: Uint8Array): Promise<void> {
    this.asked.delete(from); // a newer ask is in force, even one that is no good
    const opened = await this.sealing.open(envelopeType.ask, 0, body);
    const asking = await this.staging.readAsk(from, opened, this.standing.infos);
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
    this.terms.announced = []; // in the epoch before: they have come to nothing
    if (standing.link) {
      this.changing.changed(standing.link, epoch, infos);
      this.asked.clear(); // who asked by the link of before is let in by nobody
      this.events.link(standing.link);
    }
    this.hosting.leaves(this.standing.infos, infos, this.presence.sessions);
    this.group = next;
    this.standing = standing;
    this.hosting.entered(standing, this.generation);
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
    this.sealing.forget(Number(old.epoch));
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
    if (payload.kind === "link") {
      if (BigInt(m.epoch) !== this.group!.epoch) throw new Error("link: it has come to nothing");
      return this.changing.take(payload);
    }
    if (payload.kind !== "pass") return this.events.said(info, self, payload);
    const order = await this.orders.take(payload);
    if (order) this.events.send(order);
  }

  // Committing.

  private next(group: Group): { at: number; due: Due } | null {
    const { staging, standing, asked, hosting } = this;
    const s = staging.situation(group, standing, this.presence.sessions, asked);
    const ours = hosting.wish !== null || hosting.relinkDue(standing, due(s).removes);
    const onlyOurs = (d: Due) => ours || staging.onlyOurs(d, standing, asked);
    return this.turns.next(s, this.clock.now(), ours, onlyOurs);
  }

  /** Sets the alarm for what is ours to do next. */
  private plan(): void {
    this.wake?.();
    this.wake = null;
    const { group, pending } = this;
    if (this.phase === "stuck")
      this.wakeAt((this.restarts[0] ?? 0) + MINUTE, async () =>
        this.phase === "stuck" ? this.restart() : undefined,
      );
    if (this.phase !== "member" || !group) return;
    if (pending) {
      if (pending.askAt !== null) this.wakeAt(pending.askAt, async () => this.missAnswer(pending));
      return;
    }
    this.hosting.dropFulfilled(this.standing.policy);
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
    if (this.hosting.relinkDue(this.standing, next.due.removes)) return this.relink(group);
    let made: Committed;
    try {
      made = await this.staging.commit(group, this.standing, next.due.removes, adds);
    } catch (e) {
      for (const session of await this.staging.hopeless(group, this.standing, adds))
        this.asked.delete(session);
      throw e;
    }
    const removed = next.due.removes.length > 0;
    const path = removed || adds.length === 0 || this.hosting.wish !== null;
    await this.propose(group, made, next.due.adds, removed, path);
  }

  /** Sends a commit of ours, and waits for its turn. */
  private async propose(
    group: Group,
    made: Committed,
    to: string[],
    removed: boolean,
    path: boolean,
    relink?: Relink,
  ): Promise<void> {
    const epoch = Number(group.epoch);
    const standing = this.checks.checked;
    const out = await this.sealing.commit(epoch, made, to);
    const askAt = this.clock.now() + UNANSWERED;
    this.pending = { epoch, body: out.body, next: made.next, standing, removed, path, askAt };
    this.events.send(relink ? { ...out, relink } : out);
  }

  /** Hands out the next link in this epoch, and begins the next with it. When another commit is first both are done again: somebody may have come who has not heard of it. */
  private async relink(group: Group): Promise<void> {
    const next = await this.changing.make(this.standing);
    if (!next) return this.events.linkStays();
    await this.speak(sayNext(next));
    const made = await this.staging.relink(group, this.standing, next);
    await this.propose(group, made, [], false, true, next.order);
  }
}
