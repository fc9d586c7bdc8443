/**
 * What a moderator has decided about who gets in, and what of it is not done yet (PROTOCOL.md 2.8). It belongs to the person in a
 * room, and outlives sessions and leaves. Decisions only: no network, no group.
 */
import {
  allows,
  closed,
  crowded,
  type Grant,
  grantFollows,
  isHost,
  makeGrant,
  names,
  nextNumber,
  OPEN,
  type Policy,
  type Rules,
  samePolicy,
} from "./access";
import { type Bytes, eq, hex } from "./bytes";
import type { Device, LeafInfo } from "./leaf";
import type { KeyPackage } from "./mls";
import type { Infos, Standing } from "./policy";

export interface Asking {
  kp: KeyPackage;
  info: LeafInfo;
  /** SHA-256 of the ask in hex: what a moderator has seen when it admits. */
  ask: string;
}

/** Whether somebody is there with that session and device. */
export const isBack = (infos: Infos, who: LeafInfo): boolean =>
  [...infos.values()].some(
    (i) => i.session === who.session && hex(i.deviceKey) === hex(who.deviceKey),
  );

export class Hosting {
  /** The latest policy that was seen in the room. */
  known: Policy = OPEN;
  /** Device keys that were let in, once a commit broke the rules of lobby or lock; null before. */
  private trusted: Set<string> | null = null;
  /** Id of the group where that was. */
  private breach: Bytes | null = null;
  /** The generation that we have had begun anew: in the next a lock is to be a lobby, or nobody could come back. 0: none. */
  reopen = 0;
  /** To be put in force by a commit of ours; its number is not set. */
  wish: Policy | null = null;
  /** Sessions that are to be removed, and that were: none is used twice, and a group that was begun anew may take one in again. */
  readonly removing = new Set<string>();
  /** Of these, those that may ask again. */
  private readonly returning = new Set<string>();
  /** Those of them that are out of the group, of which the server is to hear. */
  private returned: string[] = [];
  /** The link is to be changed. */
  wantsLink = false;
  /** Asks that were let in. */
  readonly admitted = new Set<string>();
  /** Device keys that have been in the group, but for those that were thrown out. */
  private readonly familiar = new Set<string>();
  /** Sessions with a leaf that the server has ended by a moderator's order, maybe another's than ours. */
  private readonly ejected = new Set<string>();

  constructor(
    private readonly room: string,
    private readonly hostKey: Uint8Array<ArrayBuffer>,
    private readonly device: Device,
    private readonly host: Device | null,
  ) {}

  /** Signs for the host: null when we may not. */
  signer(grant: Grant | null): Device | null {
    if (this.host) return this.host;
    return allows({ host: this.hostKey }, grant, this.device.publicKey) ? this.device : null;
  }

  get ownKey(): Bytes {
    return this.device.publicKey;
  }

  /** Signs what only the host may. */
  get hostSigner(): Device | null {
    return this.host;
  }

  /** The policy of a group that we found. Who acts for the host takes the latest along, and the host puts one up in any case, so that all know him. Times that are over are of a meeting of before. now: Unix ms. generation: of that group. */
  async first(now: number, generation: number): Promise<Policy | null> {
    const { known } = this;
    if (!this.signer(known.grant)) return null;
    const grant = await this.ownGrant(known.grant);
    const ahead = (t: number): number => (t < now ? 0 : t);
    const reopened = this.reopens(generation) && known.locked ? { lobby: true, locked: false } : {};
    return { ...known, ...reopened, grant, locks: ahead(known.locks), ends: ahead(known.ends) };
  }

  private reopens(generation: number): boolean {
    return this.reopen !== 0 && generation !== this.reopen;
  }

  /** Makes the lock of a group that was begun anew by our order a lobby, where another moderator was first to found it. */
  private unlock({ policy }: Standing, generation: number): void {
    if (!this.reopens(generation)) return;
    this.reopen = 0;
    const p = this.wish ?? policy;
    if (p.locked) this.wish = { ...p, number: 0, locked: false, lobby: true };
  }

  /** Has the host be known to a group that others have founded. */
  async claim(p: Policy): Promise<void> {
    if (!this.host || this.wish || isHost(p.grant, this.device.publicKey)) return;
    this.wish = { ...p, number: 0, grant: await this.ownGrant(p.grant) };
  }

  /** Where the latest policy keeps people out, only a moderator begins a group: it takes the policy along. */
  get mayFound(): boolean {
    const { known } = this;
    // Who may sign puts up a policy, and must have a number for it.
    return this.signer(known.grant) ? nextNumber(known, 0) > 0 : !closed(known);
  }

  /** What is to be changed of the rules that are in force, or on their way. */
  async want(change: Partial<Rules>, s: Standing): Promise<void> {
    const before = this.wish ?? s.policy;
    const grant = await this.ownGrant(before.grant);
    this.wish = { ...before, ...change, number: 0, grant };
  }

  /** A grant that names the host's own device: by it he gets in again after a reload, and is known to be the host. */
  private async ownGrant(g: Grant | null): Promise<Grant | null> {
    const { publicKey } = this.device;
    if (!this.host || isHost(g, publicKey)) return g;
    return makeGrant(this.room, [g, this.known.grant], publicKey, g?.moderators ?? [], this.host);
  }

  /** Lets a device act for the host, or takes it back. Only the host can. */
  async appoint(device: Bytes, on: boolean, s: Standing): Promise<void> {
    if (!this.host || eq(device, this.device.publicKey)) return;
    const before = this.wish ?? s.policy;
    const others = (before.grant?.moderators ?? []).filter((m) => !eq(m, device));
    const { publicKey } = this.device;
    const list = on ? [...others, device] : others;
    // Others go by the grants that they have seen in the room's groups before, and so does the server.
    const seen = [before.grant, this.known.grant];
    const grant = await makeGrant(this.room, seen, publicKey, list, this.host);
    this.wish = { ...before, number: 0, grant };
  }

  /** Throws a session out, and puts the lobby up so that it does not come back by the link alone. */
  async remove(session: string, s: Standing): Promise<void> {
    for (const i of s.infos.values()) {
      if (i.session !== session) continue;
      this.removing.add(session);
      this.familiar.delete(hex(i.deviceKey));
    }
    const to = this.wish ?? s.policy;
    if (this.removing.has(session) && !to.lobby) await this.want({ lobby: true }, s);
  }

  /** Takes a session out of the group and puts the lobby up: it may ask again, and waits. */
  async sendBack(session: string, s: Standing): Promise<void> {
    await this.remove(session, s);
    if (this.removing.has(session)) this.returning.add(session);
  }

  /** Those who were sent back and are out now, once: who asked before that would come back as himself. */
  takeReturned(): string[] {
    const list = this.returned;
    this.returned = [];
    return list;
  }

  /** The link is to be changed now: not while somebody is in the group who is not to have the next. removes: leaves that are to go. */
  relinkDue(s: Standing, removes: readonly number[]): boolean {
    return (
      this.wantsLink &&
      this.host !== null &&
      this.wish === null &&
      isHost(s.policy.grant, this.device.publicKey) && // or the server does not know us for him
      removes.length === 0
    );
  }

  /** Another link has taken the place of the one by which people asked so far. Who is to be removed has heard of it, if that was wished for while the commit was on its way: then it is changed once more, without him. */
  relinked(infos: Infos): void {
    this.wantsLink &&= [...infos.values()].some((i) => this.removing.has(i.session));
    this.admitted.clear();
  }

  /** Forgets a wish that is the policy already. Not while a commit of ours is under way: nobody knows then what will be. */
  dropFulfilled(p: Policy): void {
    if (nextNumber(p, 0) === 0) {
      this.wish = null; // nothing can follow
      this.wantsLink = false;
    }
    const w = this.wish;
    if (!w) return;
    const late = !grantFollows(w.grant, p.grant); // another page of the host's was first
    if (samePolicy(w, p) || late || !this.signer(p.grant)) this.wish = null;
  }

  /** A commit that was no commit of ours broke the rules: from now on only those are accepted who were there before, or come after by the rules. */
  broken(s: Standing): void {
    if (closed(s.policy)) this.trustOnly(s);
  }

  private trustOnly(s: Standing): void {
    this.breach = s.groupId;
    this.trusted = new Set([...s.infos.values()].map((i) => hex(i.deviceKey)));
  }

  private isBreached(s: Standing): boolean {
    return this.trusted !== null && this.breach !== null && eq(this.breach, s.groupId);
  }

  /** Throws for a group in which somebody is who broke in: he would otherwise be there when we come back. */
  checkJoined(s: Standing): void {
    const { trusted } = this;
    if (!trusted || !this.isBreached(s) || !closed(s.policy)) return;
    for (const i of s.infos.values())
      if (!trusted.has(hex(i.deviceKey)) && !names(s.policy.grant, i.deviceKey))
        throw new Error("group: somebody is in it whom nobody has let in");
  }

  /** A policy is seen that a group of the room has, or had. */
  learn(p: Policy): void {
    if (p.number > this.known.number) this.known = p;
  }

  /** An epoch of a group has begun. */
  entered(s: Standing, generation: number): void {
    this.learn(s.policy);
    this.unlock(s, generation);
    if (this.isBreached(s)) this.trustOnly(s);
    else this.trusted = null; // the next group is a moderator's: its policy says so, for this group alone
    this.dropFulfilled(s.policy);
    const here = new Set([...s.infos.values()].map((i) => i.session));
    for (const i of s.infos.values())
      if (!this.removing.has(i.session) && !this.ejected.has(i.session))
        this.familiar.add(hex(i.deviceKey));
    for (const session of this.returning) {
      if (here.has(session)) continue;
      this.removing.delete(session);
      this.returning.delete(session);
      this.returned.push(session);
    }
  }

  /** The server has ended the session of a member by a moderator's order. */
  eject(who: LeafInfo): void {
    this.ejected.add(who.session);
    this.familiar.delete(hex(who.deviceKey));
  }

  /** An epoch is about to begin. Who is taken out of the group though he is there has not lost his connection, but is thrown out or sent back, by whichever moderator. */
  leaves(before: Infos, after: Infos, present: ReadonlyMap<string, boolean>): void {
    for (const i of before.values()) {
      if (isBack(after, i)) continue;
      if (present.has(i.session)) this.familiar.delete(hex(i.deviceKey));
      this.ejected.delete(i.session);
    }
  }

  /** Somebody asks. Who has been in the group before, as before a reload of the page, is let in. */
  asked(a: Asking): void {
    if (this.familiar.has(hex(a.info.deviceKey))) this.admitted.add(a.ask);
  }

  /** Needs a signature to get in. */
  isNewcomer(a: Asking, s: Standing): boolean {
    return closed(s.policy) && this.isStranger(a, s);
  }

  private isStranger(a: Asking, s: Standing): boolean {
    return !isBack(s.infos, a.info) && !names(s.policy.grant, a.info.deviceKey);
  }

  /** There is no space beside others that are added. Leaves that are about to go still take theirs. */
  private crowdedOut(a: Asking, others: number, s: Standing): boolean {
    return crowded(s.policy, s.infos.size + others + 1) && this.isStranger(a, s);
  }

  /** Those asks that may be fulfilled by a commit of ours. */
  addable(asked: Iterable<Asking>, s: Standing): Asking[] {
    const out: Asking[] = [];
    for (const a of asked) if (this.mayAdd(a, s) && !this.crowdedOut(a, out.length, s)) out.push(a);
    return out;
  }

  mayAdd(a: Asking, s: Standing): boolean {
    if (this.wish || this.wantsLink || this.removing.has(a.info.session)) return false; // first things first
    if (!this.isNewcomer(a, s)) return true;
    const { locked, grant } = s.policy;
    return !locked && this.signer(grant) !== null && this.admitted.has(a.ask);
  }

  /** Those who wait for a word of ours: nobody when we have none. */
  waiting(asked: Iterable<Asking>, s: Standing): Asking[] {
    const { locked, grant } = s.policy;
    if (!this.signer(grant)) return [];
    return [...asked].filter(
      (a) =>
        (this.isNewcomer(a, s) && (locked || !this.admitted.has(a.ask))) ||
        this.crowdedOut(a, 0, s),
    );
  }
}
