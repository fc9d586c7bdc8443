/** Leaving on purpose: what a member says when it does, and who of the others has (PROTOCOL.md 2.13). */
import { verify } from "./access";
import { type Bytes, cat, eq, unhex, utf8 } from "./bytes";
import { envelopeType } from "./envelope";
import type { GroupEvents } from "./events";
import type { Hosting } from "./hosting";
import type { Device } from "./leaf";
import type { Infos } from "./policy";
import type { Presence } from "./presence";
import type { GroupIn } from "./protocol";
import type { Sealing } from "./sealing";

const VERSION = Uint8Array.of(1);
const MEMBER = 16; // bytes
const SIGNATURE = 64;
export const LEAVE_SIZE = VERSION.length + MEMBER + SIGNATURE;

const statement = (room: string, fields: Bytes): Bytes =>
  cat(utf8("incamera leave v1"), Uint8Array.of(0), utf8(room), fields);

/** What a member says who leaves on purpose, signed by the leaf's device. */
export async function signLeave(room: string, member: Bytes, device: Device): Promise<Bytes> {
  const fields = cat(VERSION, member);
  return cat(fields, await device.sign(statement(room, fields)));
}

/** Whether it is a leave of that member, whose leaf has that device key. */
export async function isLeave(
  room: string,
  encoded: Bytes,
  member: Bytes,
  device: Bytes,
): Promise<boolean> {
  const n = encoded.length - SIGNATURE;
  if (encoded.length !== LEAVE_SIZE || !eq(encoded.slice(0, n), cat(VERSION, member))) return false;
  return verify(device, encoded.slice(n), statement(room, encoded.slice(0, n)));
}

export class Partings {
  constructor(
    private readonly room: string,
    private readonly sealing: Sealing,
    private readonly device: Device,
    private readonly presence: Presence,
    private readonly hosting: Hosting,
    private readonly events: GroupEvents,
  ) {}

  /** An epoch has begun. The page is given now what it has to say when it is closed: then there is no time to. */
  async entered(member: string): Promise<void> {
    const leave = await signLeave(this.room, unhex(member)!, this.device);
    this.events.parting(await this.sealing.seal(envelopeType.leave, 0, leave));
  }

  /** A session has ended. Of a member that meant it nothing brings the session back. infos: of the group's epoch. */
  async take(m: GroupIn & { type: "left" }, infos: Infos): Promise<void> {
    const who = [...infos.values()].find((i) => i.session === m.session);
    if (!who) return;
    const meant = m.body
      ? await this.sealing
          .open(envelopeType.leave, 0, m.body)
          .then((leave) => isLeave(this.room, leave, unhex(who.member)!, who.deviceKey))
          .catch(() => false)
      : false;
    if (meant) this.presence.depart(m.session);
    if (m.reason === "removed") this.hosting.eject(who);
    this.events.parted(m.session, meant, m.reason);
  }
}
