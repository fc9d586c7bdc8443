/**
 * The policy of a room's latest group as the server keeps it for those who come while no group is there (PROTOCOL.md 1.5): sealed,
 * and signed by the host, so that nobody else can put one there, and rising in number.
 */
import { type Authority, closed, OPEN, type Policy, parsePolicy, verify } from "./access";
import { type Bytes, cat, decode, encode, random, u32, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import type { Hosting } from "./hosting";
import { type Device, POLICY_EXTENSION } from "./leaf";
import { findExt, type Group } from "./mls";
import { authority, type Standing, type Terms } from "./policy";
import type { GroupOut } from "./protocol";

export interface Mark {
  /** Of the policy. */
  number: number;
  /** Shown to the server: not everybody who has the link gets in. */
  closed: boolean;
  /** Sealed. */
  body: Uint8Array;
  signature: Uint8Array;
}

const place = (room: string) => ({ room, type: envelopeType.mark, generation: 0, epoch: 0 });

const statement = (room: string, m: Omit<Mark, "signature">): Bytes =>
  cat(
    utf8("incamera mark v1"),
    Uint8Array.of(0),
    utf8(room),
    u32(m.number),
    Uint8Array.of(m.closed ? 1 : 0),
    m.body,
  );

/** Seals and signs the policy, as encoded, of the group that a is bound to. salt is given by tests only. */
export async function makeMark(
  a: Authority,
  envelope: Bytes,
  encoded: Bytes,
  host: Device,
  salt: Bytes = random(32),
): Promise<Mark> {
  const p = await parsePolicy(a, encoded);
  const plain = encode((w) => {
    w.opaque(a.groupId);
    w.opaque(encoded);
  });
  const body = await sealEnvelope(envelope, place(a.room), plain, salt);
  const m = { number: p.number, closed: closed(p), body };
  return { ...m, signature: await host.sign(statement(a.room, m)) };
}

/** The policy in a mark; throws for one that the host has not signed. */
export async function openMark(
  a: Omit<Authority, "groupId">,
  envelope: Bytes,
  m: Mark,
): Promise<Policy> {
  if (!(await verify(a.host, m.signature.slice(), statement(a.room, m))))
    throw new Error("mark: the host did not sign it");
  const plain = await openEnvelope(envelope, place(a.room), m.body);
  const { groupId, encoded } = decode(plain, (r) => ({
    groupId: r.opaque(),
    encoded: r.opaque(),
  }));
  const p = await parsePolicy({ ...a, groupId }, encoded);
  if (p.number !== m.number || closed(p) !== m.closed)
    throw new Error("mark: the policy in it is another than it says");
  return p;
}

/** What one session knows of the room's mark. */
export class Marks {
  /** Number of the policy that the server keeps. */
  private kept = 0;

  constructor(
    private readonly terms: Terms,
    private readonly hosting: Hosting,
  ) {}

  /** Learns the policy, which is as good as having been in its group. Throws for a mark that is no good. */
  async take(m: Mark): Promise<void> {
    const p = await openMark(authority(this.terms, utf8("")), this.terms.keys.envelope, m).catch(
      async (e) => {
        await this.takeSealed(m);
        throw e;
      },
    );
    this.kept = Math.max(this.kept, p.number);
    this.hosting.learn(p);
  }

  /** One that is sealed by the link of before, most likely. That not everybody gets in who has the link is the host's word all the same. */
  private async takeSealed(m: Mark): Promise<void> {
    const { room, card } = this.terms;
    if (m.closed && (await verify(card.hostKey, m.signature.slice(), statement(room, m))))
      this.hosting.learn({ ...OPEN, number: m.number, lobby: true });
  }

  /** What the server is to keep of the epoch that has begun; null when it does, or when we may not say so. */
  async make(group: Group, s: Standing): Promise<GroupOut | null> {
    const host = this.hosting.hostSigner;
    const encoded = findExt(group.ctx.extensions, POLICY_EXTENSION);
    if (!host || !encoded || s.policy.number <= this.kept) return null;
    this.kept = s.policy.number;
    const a = authority(this.terms, s.groupId);
    return { type: "mark", ...(await makeMark(a, this.terms.keys.envelope, encoded, host)) };
  }
}
