/** For tests: a delivery service as PROTOCOL.md 1.3 has it, in memory, with members whose messages can be lost or altered. */
import { OPEN, type Policy } from "./access";
import { type Bytes, hex, random, sha256 } from "./bytes";
import { type Card, signCard } from "./card";
import { newSigningKey, rawPublic, signerOf } from "./device";
import type { GroupEvents } from "./events";
import { GroupMember } from "./group";
import { type Asking, Hosting } from "./hosting";
import type { NewEpoch } from "./keys";
import type { Device } from "./leaf";
import { deriveLinkKeys, type LinkKeys, roomOf } from "./link";
import type { Mark } from "./mark";
import type { Infos } from "./policy";
import type { AppPayload, GroupIn, GroupOut, Phase } from "./protocol";
import type { NextLink, Relink } from "./relink";
import { FakeClock } from "./testing";

/** What all who hold the link know. */
export interface Meeting {
  room: string;
  keys: LinkKeys;
  card: Card;
  cardHash: Bytes;
  announced: NextLink[];
  host: Device;
}

export async function newMeeting(title = "Tea", suite = 1): Promise<Meeting> {
  const host = await newSigningKey();
  const hostKey = await rawPublic(host.publicKey);
  const room = await roomOf(hostKey);
  const card: Card = { hostKey, suite, linkNumber: 1, createdMs: 1, title };
  const cardHash = await sha256(await signCard(room, card, host.privateKey));
  const keys = await deriveLinkKeys(room, random(32));
  return { room, keys, card, cardHash, announced: [], host: await signerOf(host) };
}

export async function newDevice(): Promise<Device> {
  return signerOf(await newSigningKey());
}

/** A participant: a member with what it has been told. */
export class User implements GroupEvents {
  member: GroupMember;
  phaseNow: Phase = "idle";
  epochs: NewEpoch[] = [];
  bases: string[] = [];
  infos: Infos = new Map();
  heard: { from: string; self: boolean; payload: AppPayload }[] = [];
  policy = OPEN;
  moderates = false;
  waiting: readonly Asking[] = [];
  lostCount = 0;
  apartNow: readonly string[] = [];
  links: NextLink[] = [];
  linkStayed = 0;
  goodbye: Uint8Array | undefined;
  gone: { session: string; meant: boolean }[] = [];
  /** Of what the server sends: null loses it. */
  filterIn: (m: GroupIn) => GroupIn | null = (m) => m;
  filterOut: (m: GroupOut) => GroupOut | null = (m) => m;

  constructor(
    readonly server: Server,
    readonly session: string,
    meeting: Meeting,
    device: Device,
    host: Device | null,
  ) {
    const { room, keys, card, cardHash } = meeting;
    const hosting = new Hosting(room, card.hostKey, device, host);
    this.member = new GroupMember(room, keys, card, cardHash, device, hosting, server.clock, this);
  }

  send(m: GroupOut): void {
    const out = this.filterOut(m);
    if (out) this.server.take(this.session, structuredClone(out));
  }
  phase(p: Phase): void {
    this.phaseNow = p;
  }
  epoch(e: NewEpoch, infos: Infos): void {
    this.epochs.push(e);
    this.bases.push(hex(e.base));
    this.infos = infos;
  }
  access(policy: Policy, moderates: boolean, waiting: readonly Asking[]): void {
    this.policy = policy;
    this.moderates = moderates;
    this.waiting = waiting;
  }
  apart(sessions: readonly string[]): void {
    this.apartNow = sessions;
  }
  link(next: NextLink): void {
    this.links.push(next);
  }
  linkStays(): void {
    this.linkStayed++;
  }
  parting(body: Uint8Array): void {
    this.goodbye = body;
  }
  parted(session: string, meant: boolean): void {
    this.gone.push({ session, meant });
  }
  lost(): void {
    this.lostCount++;
  }
  said(info: { session: string }, self: boolean, payload: AppPayload): void {
    this.heard.push({ from: info.session, self, payload });
  }

  get base(): string | undefined {
    return this.bases.at(-1);
  }
  get epochNow(): number {
    return this.epochs.at(-1)?.epoch ?? -1;
  }
  /** The sessions in its group, sorted. */
  get sees(): string[] {
    return [...this.infos.values()].map((i) => i.session).sort();
  }
  texts(): string[] {
    return this.heard.map(
      (h) => `${h.from}: ${h.payload.kind === "chat" ? h.payload.text : h.payload.kind}`,
    );
  }
  say(text: string): Promise<void> {
    return this.member.say({ kind: "chat", id: hex(random(8)), text });
  }
}

export class Server {
  readonly clock = new FakeClock();
  readonly users = new Map<string, User>();
  generation = 1;
  founded = false;
  epoch = 0;
  members: string[] = [];
  mark: Mark | null = null;
  /** Hands beats on. */
  relay = false;
  beats = 0;
  relinks: Relink[] = [];
  asks: { from: string; body: Uint8Array }[] = [];
  log: (GroupIn & ({ type: "committed" } | { type: "said" }))[] = [];
  /** Every message of the members, in order. */
  readonly seen: { from: string; m: GroupOut }[] = [];
  private inbox: { to: string; m: GroupIn }[] = [];

  constructor(readonly meeting: Meeting) {}

  async join(
    session: string,
    meeting = this.meeting,
    device?: Device,
    host: Device | null = null,
  ): Promise<User> {
    const user = new User(this, session, meeting, device ?? (await newDevice()), host);
    const others = [...this.users.keys()];
    for (const other of others) this.deliver(other, { type: "arrived", session });
    this.users.set(session, user);
    const { generation, founded, mark } = this;
    void user.member.start(session.toUpperCase(), session, generation, founded, mark);
    return user;
  }

  leave(session: string, reason = "left"): void {
    const user = this.users.get(session);
    const body = user?.goodbye && reason === "left" ? { body: user.goodbye } : {};
    user?.member.stop();
    this.users.delete(session);
    this.asks = this.asks.filter((a) => a.from !== session);
    for (const other of this.users.keys())
      this.deliver(other, { type: "left", session, reason, ...body });
    this.drop(session);
  }

  away(session: string, away: boolean): void {
    for (const other of this.users.keys()) {
      if (other !== session) this.deliver(other, { type: "away", session, away });
    }
  }

  deliver(to: string, m: GroupIn): void {
    this.inbox.push({ to, m: structuredClone(m) });
  }

  private all(m: GroupIn, to: readonly string[] = [...this.users.keys()]): void {
    for (const session of to) this.deliver(session, m);
  }

  take(from: string, m: GroupOut): void {
    if (m.type === "beat") {
      const { generation } = this;
      this.beats++;
      const others = this.members.filter((s) => s !== from);
      if (this.relay && this.members.includes(from) && m.generation === generation)
        this.all({ type: "beat_of", generation, from, body: m.body }, others);
      return;
    }
    this.seen.push({ from, m });
    if (m.type === "send_back") {
      this.drop(m.session);
      return;
    }
    if (m.type === "mark") {
      if (m.number > (this.mark?.number ?? 0)) this.mark = m;
      this.all({ type: "marked", mark: this.mark! });
      return;
    }
    if (m.type === "commit" && m.relink && m.epoch === this.epoch) this.relink(m.relink);
    if (m.type === "restart") {
      const mayIt = this.seen.some((s) => s.from === from && s.m.type === "moderate");
      if (mayIt && m.generation === this.generation && this.founded) this.forget(from);
      return;
    }
    if (m.type === "moderate" || m.type === "rules" || m.type === "remove" || m.type === "end")
      return; // orders of a host, which tests find in seen
    if (m.type === "note") return;
    const { generation } = this;
    if (m.generation !== generation) return;
    if (m.type === "found") this.found(from);
    else if (m.type === "ask") this.ask(from, m.body);
    else if (m.type === "commit") this.commit(from, m);
    else if (m.type === "since") {
      for (const e of this.log.slice(m.seq)) this.deliver(from, e);
      this.deliver(from, { type: "caught_up", generation, seq: this.log.length });
    } else if (this.members.includes(from) && m.epoch <= this.epoch) {
      this.append({ type: "said", seq: 0, generation, epoch: m.epoch, from, body: m.body });
    }
  }

  private found(from: string): void {
    if (this.founded) return;
    this.founded = true;
    this.members = [from];
    this.letIn(from);
    this.all({ type: "founded", generation: this.generation, by: from });
  }

  /** Tells a session that is a member from here on of the others. */
  private letIn(session: string): void {
    const others = [...this.users.keys()].filter((s) => s !== session);
    const peers = others.map((s) => ({ session: s, away: false }));
    this.deliver(session, { type: "peers", peers });
  }

  private ask(from: string, body: Uint8Array): void {
    if (!this.founded) return;
    this.asks = this.asks.filter((a) => a.from !== from);
    if (this.drop(from)) return;
    this.asks.push({ from, body });
    this.all({ type: "asked", generation: this.generation, from, body }, this.members);
  }

  /** Ends the sessions of those who came by the link of before, and are not in the group. */
  private relink(order: Relink): void {
    this.relinks.push(order);
    for (const session of [...this.users.keys()])
      if (!this.members.includes(session)) this.leave(session);
  }

  private append(e: (typeof this.log)[number]): void {
    e.seq = this.log.length + 1;
    this.log.push(e);
    this.all(e, this.members);
  }

  private commit(from: string, m: GroupOut & { type: "commit" }): void {
    const { generation } = this;
    if (!this.members.includes(from) || m.epoch > this.epoch) return;
    if (m.epoch < this.epoch) {
      this.deliver(from, { type: "commit_refused", generation, epoch: this.epoch });
      return;
    }
    this.epoch++;
    this.append({ type: "committed", seq: 0, generation, epoch: m.epoch, from, body: m.body });
    const added = m.to.filter((s) => this.asks.some((a) => a.from === s));
    this.asks = this.asks.filter((a) => !added.includes(a.from));
    this.members.push(...added);
    for (const session of added) this.letIn(session);
    const body = m.welcome ?? new Uint8Array(0);
    const tree = m.tree ?? new Uint8Array(0);
    this.all(
      { type: "welcomed", seq: this.log.length, generation, epoch: this.epoch, body, tree },
      added,
    );
    for (const a of this.asks) this.all({ type: "asked", generation, ...a }, added);
  }

  /** Reports whether the group went with its last member. */
  private drop(session: string): boolean {
    if (!this.members.includes(session)) return false;
    this.members = this.members.filter((s) => s !== session);
    if (this.members.length > 0) return false;
    this.forget("");
    return true;
  }

  /** The group is no more; by has ordered it, or nobody. */
  private forget(by: string): void {
    this.members = [];
    this.generation++;
    this.founded = false;
    this.epoch = 0;
    this.asks = [];
    this.log = [];
    this.all({ type: "reset", generation: this.generation, ...(by ? { by } : {}) });
  }

  /** Until everything that is under way has arrived and been dealt with. */
  async settle(): Promise<void> {
    for (;;) {
      await Promise.all([...this.users.values()].map((u) => u.member.idle()));
      const batch = this.inbox.splice(0);
      if (batch.length === 0) return;
      for (const { to, m } of batch) {
        const user = this.users.get(to);
        const passed = user?.filterIn(m);
        if (user && passed) void user.member.receive(passed);
      }
    }
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle());
  }
}
