/** Our part in telling forks: says where we stand, and hears where the others do. It belongs to a leaf. */
import { historyOf, parseBeat, signBeat, signedBeat } from "./beat";
import { hex, unhex } from "./bytes";
import type { Clock } from "./clock";
import { envelopeType } from "./envelope";
import type { GroupEvents } from "./events";
import type { Device } from "./leaf";
import type { Group } from "./mls";
import type { Infos } from "./policy";
import type { Presence } from "./presence";
import type { GroupIn } from "./protocol";
import { beatAfter, Pulse } from "./pulse";
import type { Sealing } from "./sealing";

export class Heart {
  private pulse = new Pulse();
  private infos: Infos = new Map();
  private me = "";
  private beats = 0; // sent
  private cancel: (() => void) | null = null;
  private told = "";

  /** run carries a step out in the member's order. */
  constructor(
    private readonly room: string,
    private readonly sealing: Sealing,
    private readonly device: Device,
    private readonly presence: Presence,
    private readonly clock: Clock,
    private readonly events: GroupEvents,
    private readonly run: (step: () => Promise<void>) => void,
  ) {}

  /** An epoch has begun. */
  entered(group: Group, infos: Infos): void {
    const epoch = Number(group.epoch);
    const members = new Map([...infos.values()].map((i) => [i.member, i.session]));
    this.me = infos.get(group.me)!.member;
    this.infos = infos;
    const history = historyOf(group.ctx.groupId, epoch, group.confirmedTranscriptHash);
    this.pulse.entered(epoch, history, members, this.clock.now());
    if (!this.cancel) this.plan();
    this.tell();
  }

  /** Our leaf is no more. */
  stop(): void {
    this.cancel?.();
    this.cancel = null;
    this.pulse = new Pulse();
    this.infos = new Map();
    this.beats = 0;
    this.tell();
  }

  private plan(): void {
    this.cancel = this.clock.after(beatAfter(this.infos.size, Math.random()), () => {
      this.run(() => this.beat());
    });
  }

  private async beat(): Promise<void> {
    if (!this.cancel) return; // stopped meanwhile
    this.plan();
    this.tell();
    const b = { member: unhex(this.me), number: ++this.beats, ...this.pulse.stand };
    const { generation } = this.sealing;
    const body = await this.sealing.seal(
      envelopeType.beat,
      0,
      await signBeat(this.room, b, this.device),
    );
    this.events.send({ type: "beat", generation, body });
  }

  /** Throws for what is no beat of a member, or was heard before. */
  async hear(m: GroupIn & { type: "beat_of" }): Promise<void> {
    const encoded = await this.sealing.open(envelopeType.beat, 0, m.body);
    const b = parseBeat(encoded);
    const who = [...this.infos.values()].find((i) => i.member === hex(b.member));
    if (!who || !this.pulse.fresh(b) || !(await signedBeat(this.room, encoded, who.deviceKey)))
      throw new Error("beat: of no member, or heard before");
    this.pulse.heard(b, this.clock.now());
    this.tell();
  }

  /** Tells who is not in sync, when that has changed. */
  private tell(): void {
    const apart = this.pulse.apart(this.me, this.presence.sessions, this.clock.now());
    const text = apart.join(" ");
    if (text === this.told) return;
    this.told = text;
    this.events.apart(apart);
  }
}
