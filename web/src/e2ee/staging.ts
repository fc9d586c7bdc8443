/** What a commit of ours, or a group of ours, is made of (PROTOCOL.md 2.4, 2.8). */
import { nextNumber, type Policy, signAdmissions, signPolicy } from "./access";
import { type Bytes, empty, hex, sha256 } from "./bytes";
import { capacityOf } from "./card";
import type { Due, Situation } from "./committing";
import type { Asking, Hosting } from "./hosting";
import { CARD_EXTENSION, POLICY_EXTENSION } from "./leaf";
import { linkPskId } from "./link";
import {
  type Committed,
  decodeMessage,
  type Extension,
  encodeMessage,
  type Group,
  type Proposal,
  SOURCE,
  type Suite,
  verifyKP,
} from "./mls";
import { authority, checkLeaf, type Infos, type Standing, type Terms } from "./policy";
import type { NextLink } from "./relink";

/** A KID names no more. */
const MAX_LEAVES = 1024;

export class Staging {
  constructor(
    private readonly terms: Terms,
    private readonly suite: Suite,
    private readonly hosting: Hosting,
  ) {}

  private cardExtension(hash = this.terms.cardHash): Extension {
    return { type: CARD_EXTENSION, data: hash.slice() };
  }

  /** A group's extensions with a policy of our signing. Throws for number 0, when there is none left. */
  private async context(
    groupId: Bytes,
    p: Policy,
    number: number,
    cardHash = this.terms.cardHash,
  ): Promise<Extension[]> {
    const by = this.hosting.signer(p.grant);
    if (!by) throw new Error("policy: only a host can sign it");
    const data = await signPolicy(authority(this.terms, groupId), { ...p, number }, by);
    return [this.cardExtension(cardHash), { type: POLICY_EXTENSION, data }];
  }

  /** The commit that changes the link, and nothing else but the policy's number. */
  async relink(group: Group, { policy, groupId }: Standing, next: NextLink): Promise<Committed> {
    const number = nextNumber(policy, this.hosting.known.number);
    const extensions = await this.context(groupId, policy, number, next.cardHash);
    const proposals: Proposal[] = [
      group.externalPSK(linkPskId(next.card.linkNumber)),
      { type: 7, extensions },
    ];
    return group.commit({ proposals, forcePath: false, public: true, noTree: true, aad: empty });
  }

  /** The extensions of a group that we found. */
  async firstContext(groupId: Bytes, now: number, generation: number): Promise<Extension[]> {
    const first = await this.hosting.first(now, generation);
    return first ? this.context(groupId, first, nextNumber(first, 0)) : [this.cardExtension()];
  }

  /** Reads an ask, and checks that it is that session's. infos: of those inside. */
  async readAsk(from: string, opened: Bytes, infos: Infos): Promise<Asking> {
    const m = decodeMessage(opened);
    if (m.wire !== 5) throw new Error("ask: not a KeyPackage");
    await verifyKP(this.suite, m.keyPackage);
    const info = await checkLeaf(this.terms, m.keyPackage.leaf);
    if (info.session !== from) throw new Error("ask: it names another session");
    // A server that repeats an old one must not make us throw out who came by it.
    if ([...infos.values()].some((i) => i.member === info.member))
      throw new Error("ask: it was fulfilled before");
    return { kp: m.keyPackage, info, ask: hex(await sha256(encodeMessage(m))) };
  }

  /** A commit of what is due, and of the policy that we wish for. */
  async commit(
    group: Group,
    standing: Standing,
    removes: readonly number[],
    adds: readonly Asking[],
  ): Promise<Committed> {
    const proposals: Proposal[] = [
      group.externalPSK(linkPskId(this.terms.card.linkNumber)),
      ...removes.map((removed): Proposal => ({ type: 3, removed })),
      ...adds.map((a): Proposal => ({ type: 1, keyPackage: a.kp })),
    ];
    const { hosting } = this;
    const { policy, groupId } = standing;
    if (hosting.wish) {
      const number = nextNumber(policy, hosting.known.number);
      const extensions = await this.context(groupId, hosting.wish, number);
      proposals.push({ type: 7, extensions });
    }
    const newcomers = adds
      .filter((a) => hosting.isNewcomer(a, standing))
      .map((a) => encodeMessage({ wire: 5, keyPackage: a.kp }));
    const by = hosting.signer(policy.grant);
    const aad = by
      ? await signAdmissions(authority(this.terms, groupId), policy, newcomers, by)
      : empty;
    const forcePath = proposals.length === 1;
    return group.commit({ proposals, forcePath, public: true, noTree: true, aad });
  }

  /** Those sessions whose asks no commit can fulfil, so that they do not keep the others out. */
  async hopeless(group: Group, standing: Standing, adds: readonly Asking[]): Promise<string[]> {
    const out: string[] = [];
    for (const a of adds) {
      const back = [...standing.infos]
        .filter(([, i]) => i.session === a.info.session)
        .map(([leaf]) => leaf);
      try {
        (await this.commit(group, standing, back, [a])).next.discard();
      } catch {
        out.push(a.info.session);
      }
    }
    const youngest = adds.at(-1);
    if (out.length === 0 && youngest) out.push(youngest.info.session); // they clash with each other
    return out;
  }

  /** Where things stand, for those who decide what to commit. */
  situation(
    group: Group,
    standing: Standing,
    present: ReadonlyMap<string, boolean>,
    asked: ReadonlyMap<string, Asking>,
  ): Situation {
    const cold = (leaf: number) => group.tree.leaf(leaf)?.source === SOURCE.keyPackage;
    return {
      me: group.me,
      epoch: Number(group.epoch),
      members: new Map(
        [...standing.infos].map(([leaf, i]) => [leaf, { session: i.session, cold: cold(leaf) }]),
      ),
      present,
      asked: this.hosting.addable(asked.values(), standing).map((a) => a.info.session),
      removing: this.hosting.removing,
      capacity: capacityOf(this.terms.card) || MAX_LEAVES,
    };
  }

  /** Whether something of what is due would be committed by nobody else. */
  onlyOurs(d: Due, standing: Standing, asked: ReadonlyMap<string, Asking>): boolean {
    const { hosting } = this;
    return (
      hosting.wish !== null ||
      d.removes.some((i) => hosting.removing.has(standing.infos.get(i)?.session ?? "")) ||
      d.adds.some((session) => hosting.isNewcomer(asked.get(session)!, standing))
    );
  }
}
