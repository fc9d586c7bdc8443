/**
 * The life of the group as one member sees it (PROTOCOL.md 1.3, 2.4): founding, asking, committing, following.
 *
 * Everything runs in one queue, one step after the other. A message that makes no sense is dropped and counted; one that
 * the group accepted and we cannot follow makes us start over as a new leaf.
 */
import { encodeApp, decodeApp } from "./app";
import { type Bytes, cat, empty, eq, hex, random, utf8 } from "./bytes";
import type { Card } from "./card";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import type { Clock, NewEpoch } from "./frames";
import { CARD_EXTENSION, type Device, LEAF_EXTENSION, type LeafInfo, makeLeafInfo } from "./leaf";
import { type LinkKeys, linkPskId } from "./link";
import { type Config, Group } from "./mls/group";
import { getSuite, type Suite } from "./mls/suite";
import {
  decodeMessage,
  encodeMessage,
  type KeyPackage,
  type KeyPackagePrivate,
  newKeyPackage,
  type Proposal,
  verifyKP,
} from "./mls/types";
import { checkCommit, checkGroup, checkLeaf, type Infos, type Terms } from "./policy";
import type { AppPayload, GroupIn, GroupOut, Phase } from "./protocol";

export interface GroupEvents {
  send(m: GroupOut): void;
  phase(p: Phase, epoch: number): void;
  /** A new epoch: its frame keys, and who is in it. */
  epoch(e: NewEpoch, infos: Infos): void;
  said(info: LeafInfo, self: boolean, payload: AppPayload): void;
  /** Nothing more can be done here; text is for people. */
  broken(text: string): void;
}

const STEP_IN = 750; // ms between committers of neighbouring ranks
const STARTS_PER_MINUTE = 3;
const DAY = 86_400n;
const HOUR = 3_600n;
const WARM_AFTER = 2_000; // ms of quiet until a member that never sent a path does

/** How far apart commits are, and how many Adds one takes (PROTOCOL.md 2.4). */
function pace(members: number): { spacing: number; adds: number } {
  if (members <= 20) return { spacing: 250, adds: 20 };
  return { spacing: members <= 100 ? 1_000 : members <= 200 ? 2_000 : 5_000, adds: 64 };
}

interface Pending {
  epoch: number;
  body: Bytes;
  next: Group;
  infos: Infos;
  removed: boolean;
}

interface Asking {
  kp: KeyPackage;
  info: LeafInfo;
}

export class GroupMember {
  readonly dropped = { messages: 0 };
  private queue: Promise<void> = Promise.resolve();
  private readonly terms: Terms;
  private readonly suite: Suite;
  private readonly config: Config;
  private pskUses = 0;

  // Of the session.
  private session = "";
  private name = "";
  private generation = 0;
  private present = new Map<string, boolean>(); // session → away
  private phase: Phase = "idle";
  private starts: number[] = [];
  private stopped = false;

  // Of the leaf.
  private own: KeyPackagePrivate | null = null;
  private group: Group | null = null;
  private infos: Infos = new Map();
  private past = new Map<number, Infos>(); // who was where, for late messages
  private seq = 0; // last log entry taken
  private ahead: (GroupIn & { seq: number })[] = [];
  private asked = new Map<string, Asking>();
  private pending: Pending | null = null;
  private spoken: { body: string; payload: AppPayload }[] = [];

  // Of committing.
  private lastCommit = 0;
  private joinedAt = 0;
  private dueSince = 0;
  private wake: (() => void) | null = null;

  constructor(
    room: string,
    keys: LinkKeys,
    card: Card,
    cardHash: Bytes,
    private readonly device: Device,
    private readonly clock: Clock,
    private readonly events: GroupEvents,
  ) {
    this.terms = { room, keys, card, cardHash };
    this.suite = getSuite(card.suite);
    const link = linkPskId(card.linkNumber);
    this.config = {
      psk: (id) => {
        this.pskUses++;
        return id.type === 1 && eq(id.id, link) ? keys.psk : undefined;
      },
    };
  }

  /** Begins anew with a fresh session. */
  start(name: string, session: string, generation: number, founded: boolean, sessions: readonly string[]): Promise<void> {
    return this.run(async () => {
      this.name = name;
      this.session = session;
      this.present = new Map([...sessions, session].map((s) => [s, false]));
      this.starts = [];
      await this.begin(generation, founded);
    });
  }

  receive(m: GroupIn): Promise<void> {
    return this.run(() => this.take(m));
  }

  /** Says something to the group; reports whether it could be said. */
  say(payload: AppPayload): Promise<boolean> {
    let said = false;
    return this.run(async () => {
      said = await this.speak(payload);
    }).then(() => said);
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
    this.group = null;
    this.own = null;
  }

  private run(step: () => Promise<void>): Promise<void> {
    const next = this.queue.then(async () => {
      if (this.stopped) return;
      try {
        await step();
      } catch {
        this.dropped.messages++;
      }
      if (!this.stopped) this.plan();
    });
    this.queue = next;
    return next;
  }

  // Beginning.

  private async begin(generation: number, founded: boolean): Promise<void> {
    const now = this.clock.now();
    this.starts = this.starts.filter((t) => now - t < 60_000);
    if (this.starts.length >= STARTS_PER_MINUTE) {
      this.stop();
      this.events.broken("The meeting's group could not be joined. Leave and join again.");
      return;
    }
    this.starts.push(now);
    this.generation = generation;
    this.group = null;
    this.pending = null;
    this.infos = new Map();
    this.past.clear();
    this.asked.clear();
    this.ahead = [];
    this.seq = 0;
    this.own = await this.newLeaf();
    if (founded) await this.ask();
    else await this.found();
  }

  private async newLeaf(): Promise<KeyPackagePrivate> {
    const signer = await this.suite.generateSigner();
    const memberId = random(16);
    const { room, keys, card } = this.terms;
    const context = { room, linkNumber: card.linkNumber, memberId, signatureKey: signer.pub };
    const info = await makeLeafInfo(keys.admission, context, this.device, this.session, this.name);
    const now = BigInt(Math.floor(Date.now() / 1000));
    const extensions = [{ type: LEAF_EXTENSION, data: info }];
    const credential = { type: 1, identity: memberId };
    const understood = [LEAF_EXTENSION, CARD_EXTENSION];
    return newKeyPackage(this.suite, credential, signer.priv, signer.pub, now - HOUR, now + DAY, extensions, understood);
  }

  private async found(): Promise<void> {
    const { room, card, cardHash } = this.terms;
    const id = cat(utf8(room), random(16));
    const extensions = [{ type: CARD_EXTENSION, data: cardHash as Bytes }];
    this.group = Group.create(card.suite, this.config, id, this.own!, extensions);
    this.setPhase("founding");
    this.events.send({ type: "found", generation: this.generation });
  }

  private async ask(): Promise<void> {
    this.group = null;
    this.setPhase("asking");
    const body = await this.seal(envelopeType.ask, 0, encodeMessage({ wire: 5, keyPackage: this.own!.kp }));
    this.events.send({ type: "ask", generation: this.generation, body });
  }

  private setPhase(p: Phase): void {
    this.phase = p;
    this.events.phase(p, this.group ? Number(this.group.epoch) : 0);
  }

  private seal(type: number, epoch: number, plaintext: Bytes): Promise<Bytes> {
    return sealEnvelope(this.terms.keys.envelope, { room: this.terms.room, type, generation: this.generation, epoch }, plaintext);
  }

  private open(type: number, epoch: number, sealed: Uint8Array): Promise<Bytes> {
    return openEnvelope(this.terms.keys.envelope, { room: this.terms.room, type, generation: this.generation, epoch }, sealed);
  }

  // Receiving.

  private async take(m: GroupIn): Promise<void> {
    switch (m.type) {
      case "arrived":
        this.present.set(m.session, false);
        return;
      case "left":
        this.present.delete(m.session);
        this.asked.delete(m.session);
        return;
      case "away":
        if (this.present.has(m.session)) this.present.set(m.session, m.away);
        return;
      case "reset":
        if (m.generation > this.generation) await this.begin(m.generation, false);
        return;
      default:
    }
    if (m.generation !== this.generation) return; // of a group that is gone
    switch (m.type) {
      case "founded":
        return this.founded(m.by);
      case "asked":
        return this.addAsked(m.from, m.body);
      case "welcomed":
        return this.welcomed(m);
      case "committed":
      case "said":
        return this.inOrder(m);
      case "commit_refused":
        this.pending = null;
        return;
      case "caught_up":
        if (m.seq > this.seq) await this.begin(this.generation, true); // it withholds entries
        return;
      case "gap":
        return this.begin(this.generation, true);
    }
  }

  private async founded(by: string): Promise<void> {
    if (this.phase !== "founding" || !this.group) return;
    if (by !== this.session) return this.ask();
    const infos = await checkGroup(this.terms, this.group);
    this.adopt(this.group, infos, false);
  }

  private async addAsked(from: string, body: Uint8Array): Promise<void> {
    this.asked.delete(from);
    const m = decodeMessage(await this.open(envelopeType.ask, 0, body));
    if (m.wire !== 5) throw new Error("ask: not a KeyPackage");
    await verifyKP(this.suite, m.keyPackage);
    const info = await checkLeaf(this.terms, m.keyPackage.leaf);
    if (info.session !== from) throw new Error("ask: it names another session");
    this.asked.set(from, { kp: m.keyPackage, info });
  }

  private async welcomed(m: GroupIn & { type: "welcomed" }): Promise<void> {
    if (this.phase !== "asking" || !this.own) return;
    try {
      const welcome = decodeMessage(await this.open(envelopeType.welcome, m.epoch, m.body));
      if (welcome.wire !== 3) throw new Error("welcome: not a Welcome");
      const tree = await this.open(envelopeType.tree, m.epoch, m.tree);
      this.pskUses = 0;
      const group = await Group.join(this.config, welcome.welcome, this.own, tree);
      if (this.pskUses !== 1) throw new Error("welcome: it lacks the link's PSK");
      if (group.epoch !== BigInt(m.epoch) || !eq(group.ctx.groupId.subarray(0, 26), utf8(this.terms.room))) {
        throw new Error("welcome: of another group");
      }
      const infos = await checkGroup(this.terms, group);
      if (infos.get(group.me)?.session !== this.session) throw new Error("welcome: of another session");
      this.seq = m.seq;
      this.adopt(group, infos, false);
    } catch {
      this.dropped.messages++;
      await this.begin(this.generation, true);
    }
  }

  /** Takes log entries one after the other; asks for those that are missing. */
  private async inOrder(m: GroupIn & ({ type: "committed" } | { type: "said" })): Promise<void> {
    if (this.phase !== "member" || m.seq <= this.seq) return;
    if (m.seq > this.seq + 1) {
      if (this.ahead.length === 0) this.events.send({ type: "since", generation: this.generation, seq: this.seq });
      if (this.ahead.length < 512) this.ahead.push(m);
      return;
    }
    this.seq = m.seq;
    if (m.type === "said") await this.hear(m);
    else await this.follow(m);
    const next = this.ahead.findIndex((a) => a.seq === this.seq + 1);
    if (next >= 0) {
      const [entry] = this.ahead.splice(next, 1);
      await this.inOrder(entry as typeof m);
    } else {
      this.ahead = this.ahead.filter((a) => a.seq > this.seq);
    }
  }

  private async follow(m: GroupIn & { type: "committed" }): Promise<void> {
    const group = this.group;
    const pending = this.pending;
    this.pending = null;
    if (!group || BigInt(m.epoch) !== group.epoch) return this.begin(this.generation, true);
    if (pending && pending.epoch === m.epoch && eq(pending.body, m.body)) {
      this.adopt(pending.next, pending.infos, pending.removed);
      return;
    }
    try {
      const message = decodeMessage(await this.open(envelopeType.commit, m.epoch, m.body));
      if (message.wire !== 1) throw new Error("commit: not a PublicMessage");
      const ev = await group.process(message);
      if (ev.kind !== 3 || ev.sender.type !== 1) throw new Error("commit: not a member's commit");
      if (ev.removed.includes(group.me)) return this.begin(this.generation, true);
      const infos = await checkCommit(this.terms, ev, this.infos);
      this.adopt(ev.next!, infos, ev.removed.length > 0);
    } catch {
      // The delivery service has taken it as the end of the epoch, so the others are elsewhere now.
      this.dropped.messages++;
      await this.begin(this.generation, true);
    }
  }

  private adopt(next: Group, infos: Infos, removed: boolean): void {
    const now = this.clock.now();
    if (this.phase !== "member") this.joinedAt = now;
    if (this.group && this.phase === "member") this.past.set(Number(this.group.epoch), this.infos);
    this.group = next;
    this.infos = infos;
    this.lastCommit = now;
    this.dueSince = 0;
    const epoch = Number(next.epoch);
    for (const old of this.past.keys()) if (old + 3 < epoch) this.past.delete(old);
    for (const info of infos.values()) {
      const asking = this.asked.get(info.session);
      if (asking && eq(asking.info.signature, info.signature)) this.asked.delete(info.session);
    }
    const base = next.export("SFrame 1.0 Base Key", empty, 16);
    const leaves = new Map([...infos].map(([leaf, info]) => [info.session, leaf]));
    this.setPhase("member");
    this.events.epoch({ epoch, base, leaves, self: next.me, removed }, infos);
  }

  // Speaking.

  private async speak(payload: AppPayload): Promise<boolean> {
    if (this.phase !== "member" || !this.group) return false;
    const epoch = Number(this.group.epoch);
    const message = await this.group.encrypt(encodeApp(payload));
    const body = await this.seal(envelopeType.app, epoch, encodeMessage(message));
    this.spoken.push({ body: hex(body.subarray(0, 32)), payload });
    this.events.send({ type: "app", generation: this.generation, epoch, body });
    return true;
  }

  private async hear(m: GroupIn & { type: "said" }): Promise<void> {
    const own = this.spoken.findIndex((s) => s.body === hex(m.body.subarray(0, 32)));
    if (own >= 0) {
      const [said] = this.spoken.splice(own, 1);
      const info = this.infos.get(this.group!.me);
      if (info) this.events.said(info, true, said!.payload);
      return;
    }
    try {
      const message = decodeMessage(await this.open(envelopeType.app, m.epoch, m.body));
      if (message.wire !== 2) throw new Error("app: not a PrivateMessage");
      const ev = await this.group!.process(message);
      if (ev.kind !== 1 || !ev.application) throw new Error("app: not an application message");
      const infos = BigInt(m.epoch) === this.group!.epoch ? this.infos : this.past.get(m.epoch);
      const info = infos?.get(ev.sender.index);
      const payload = decodeApp(ev.application);
      if (info && payload) this.events.said(info, false, payload);
    } catch {
      this.dropped.messages++; // one that cannot be read harms nobody
    }
  }

  // Committing.

  /** Looks at what is due and when it is ours to commit it. */
  private plan(): void {
    this.wake?.();
    this.wake = null;
    if (this.phase !== "member" || !this.group || this.pending) return;
    const now = this.clock.now();
    const { removes, adds } = this.due();
    let at: number;
    if (removes.length + adds.length > 0) {
      if (this.dueSince === 0) this.dueSince = now;
      const first = Math.max(this.dueSince, this.lastCommit + (this.group.epoch === 0n ? 0 : pace(this.infos.size).spacing));
      at = first + this.rank((i) => !removes.includes(i)) * STEP_IN;
    } else {
      this.dueSince = 0;
      if (this.infos.size < 2 || !this.isCold(this.group.me)) return;
      at = Math.max(this.joinedAt + 1_000, this.lastCommit + WARM_AFTER + this.rank((i) => this.isCold(i)) * STEP_IN);
    }
    this.wake = this.clock.after(Math.max(0, at - now), () => {
      this.wake = null;
      void this.run(() => this.commitDue());
    });
  }

  private isCold(leaf: number): boolean {
    return this.group?.tree.leaf(leaf)?.source === 1;
  }

  /** How many members who could do it come before us. */
  private rank(eligible: (leaf: number) => boolean): number {
    let before = 0;
    for (const [leaf, info] of this.infos) {
      if (leaf < this.group!.me && eligible(leaf) && this.present.get(info.session) === false) before++;
    }
    return before;
  }

  private due(): { removes: number[]; adds: Asking[] } {
    const removes: number[] = [];
    const adds = [...this.asked.values()].slice(0, pace(this.infos.size).adds);
    for (const [leaf, info] of this.infos) {
      if (leaf === this.group!.me) continue;
      const back = adds.some((a) => a.info.session === info.session);
      if (back || !this.present.has(info.session)) removes.push(leaf);
    }
    return { removes, adds };
  }

  private async commitDue(): Promise<void> {
    const group = this.group;
    if (this.phase !== "member" || !group || this.pending) return;
    const { removes, adds } = this.due();
    const proposals: Proposal[] = [
      group.externalPSK(linkPskId(this.terms.card.linkNumber)),
      ...removes.map((removed): Proposal => ({ type: 3, removed })),
      ...adds.map((a): Proposal => ({ type: 1, keyPackage: a.kp })),
    ];
    const nothing = removes.length + adds.length === 0;
    if (nothing && !this.isCold(group.me)) return;
    const made = await group.commit({ proposals, forcePath: nothing, public: true, noTree: true });
    const infos = new Map(this.infos);
    for (const i of removes) infos.delete(i);
    for (const a of adds) {
      for (let i = 0; i < made.next.tree.leaves; i++) {
        const leaf = made.next.tree.leaf(i);
        if (leaf && eq(leaf.sigKey, a.kp.leaf.sigKey)) infos.set(i, a.info);
      }
    }
    const epoch = Number(group.epoch);
    const body = await this.seal(envelopeType.commit, epoch, encodeMessage(made.commit));
    const out: GroupOut = { type: "commit", generation: this.generation, epoch, body, to: adds.map((a) => a.info.session) };
    if (made.welcome) {
      out.welcome = await this.seal(envelopeType.welcome, epoch + 1, encodeMessage(made.welcome));
      out.tree = await this.seal(envelopeType.tree, epoch + 1, made.next.tree.marshal());
    }
    this.pending = { epoch, body, next: made.next, infos, removed: removes.length > 0 };
    this.events.send(out);
  }
}
