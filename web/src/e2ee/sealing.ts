/** The outer seal of what a member and its group say to each other by way of the server (PROTOCOL.md 2.2). */
import type { Bytes } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { type Committed, encodeMessage } from "./mls";
import type { Terms } from "./policy";
import type { GroupOut } from "./protocol";

export class Sealing {
  /** Of the group. */
  generation = 0;
  /** The key of the link of before, for what was said until epoch since and comes late. */
  private before: { envelope: Bytes; since: number } | null = null;

  constructor(private readonly terms: Terms) {}

  seal(type: number, epoch: number, plaintext: Bytes): Promise<Bytes> {
    return sealEnvelope(this.terms.keys.envelope, this.place(type, epoch), plaintext);
  }

  open(type: number, epoch: number, sealed: Uint8Array): Promise<Bytes> {
    const { before } = this;
    const late = before && type === envelopeType.app && epoch < before.since;
    const key = late ? before.envelope : this.terms.keys.envelope;
    return openEnvelope(key, this.place(type, epoch), sealed);
  }

  /** Another link is about to take the place of the present one, from that epoch on. */
  relink(since: number): void {
    this.forget();
    this.before = { envelope: this.terms.keys.envelope.slice(), since };
  }

  /** Forgets the link of before, when late words of that epoch are read no more. */
  forget(epoch = Number.POSITIVE_INFINITY): void {
    if (!this.before || epoch + 1 < this.before.since) return;
    this.before.envelope.fill(0);
    this.before = null;
  }

  private place(type: number, epoch: number) {
    return { room: this.terms.room, type, generation: this.generation, epoch };
  }

  /** A commit that ends an epoch, for the delivery service; to: the sessions that it adds. */
  async commit(
    epoch: number,
    made: Committed,
    to: string[],
  ): Promise<GroupOut & { type: "commit" }> {
    const { generation } = this;
    const body = await this.seal(envelopeType.commit, epoch, encodeMessage(made.commit));
    if (!made.welcome) return { type: "commit", generation, epoch, body, to };
    const welcome = await this.seal(envelopeType.welcome, epoch + 1, encodeMessage(made.welcome));
    const tree = await this.seal(envelopeType.tree, epoch + 1, made.tree);
    return { type: "commit", generation, epoch, body, to, welcome, tree };
  }
}
