/** Sealing and opening application messages, and knowing who said them (PROTOCOL.md 2.7). */
import { decodeApp, encodeApp } from "./app";
import { envelopeType } from "./envelope";
import type { LeafInfo } from "./leaf";
import type { Entry } from "./log";
import { CONTENT, decodeMessage, encodeMessage, type Group } from "./mls";
import type { Infos } from "./policy";
import type { AppPayload, GroupOut } from "./protocol";
import { Past, Spoken } from "./said";
import type { Sealing } from "./sealing";

/** payload: null for what is of a kind that we do not know. */
export interface Heard {
  info: LeafInfo;
  self: boolean;
  payload: AppPayload | null;
}

export class Hearing {
  readonly past = new Past();
  readonly spoken = new Spoken();

  constructor(private readonly sealing: Sealing) {}

  clear(): void {
    this.past.clear();
    this.spoken.clear();
  }

  /** Says something in the group's epoch. */
  async say(group: Group, payload: AppPayload): Promise<GroupOut> {
    const { generation } = this.sealing;
    const epoch = Number(group.epoch);
    const message = await group.encrypt(encodeApp(payload));
    const body = await this.sealing.seal(envelopeType.app, epoch, encodeMessage(message));
    this.spoken.add(body, epoch, payload);
    return { type: "app", generation, epoch, body };
  }

  /** Opens what was said; throws for what is of no member. infos: of the group's epoch. */
  async hear(group: Group, infos: Infos, m: Entry & { type: "said" }): Promise<Heard> {
    const own = this.spoken.take(m.body, m.epoch);
    if (own) return { info: infos.get(group.me)!, self: true, payload: own };
    const message = decodeMessage(await this.sealing.open(envelopeType.app, m.epoch, m.body));
    if (message.wire !== 2 || message.private.contentType !== CONTENT.application)
      throw new Error("app: not an application message");
    const ev = await group.process(message);
    const then = BigInt(m.epoch) === group.epoch ? infos : this.past.at(m.epoch);
    const info = then?.get(ev.sender.index);
    // Of who is not in the group any more nothing is heard.
    if (!info || !ev.application || infos.get(ev.sender.index)?.member !== info.member)
      throw new Error("app: not of a member");
    return { info, self: false, payload: decodeApp(ev.application) };
  }
}
