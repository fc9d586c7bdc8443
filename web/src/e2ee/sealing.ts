/** The outer seal of what a member and its group say to each other by way of the server (PROTOCOL.md 2.2). */
import type { Bytes } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { type Committed, encodeMessage } from "./mls";
import type { Terms } from "./policy";
import type { GroupOut } from "./protocol";

export class Sealing {
  /** Of the group. */
  generation = 0;

  constructor(private readonly terms: Terms) {}

  seal(type: number, epoch: number, plaintext: Bytes): Promise<Bytes> {
    return sealEnvelope(this.terms.keys.envelope, this.place(type, epoch), plaintext);
  }

  open(type: number, epoch: number, sealed: Uint8Array): Promise<Bytes> {
    return openEnvelope(this.terms.keys.envelope, this.place(type, epoch), sealed);
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
