/** The host's word to the server that a session may give orders in the room (PROTOCOL.md 1.5). */
import { verify } from "./access";
import { type Bytes, cat, u32, utf8 } from "./bytes";
import type { Device } from "./leaf";

export const ROLE = { moderator: 1, host: 2 } as const;

export interface Pass {
  /** Number of the grant in force when it was made. */
  grant: number;
  role: number;
  session: string;
}

const statement = (room: string, p: Pass): Bytes =>
  cat(
    utf8("incamera pass v1"),
    Uint8Array.of(0),
    utf8(room),
    u32(p.grant),
    Uint8Array.of(p.role),
    utf8(p.session),
  );

export const signPass = (room: string, p: Pass, host: Device): Promise<Bytes> =>
  host.sign(statement(room, p));

/** Reports whether the room's host has made the pass. */
export async function passHolds(
  room: string,
  host: Bytes,
  p: Pass,
  signature: Bytes,
): Promise<boolean> {
  const role = p.role === ROLE.moderator || p.role === ROLE.host;
  return role && (await verify(host, signature, statement(room, p)));
}

/** The host's order to the server to take a session out of the group, which may ask again. */
export const signSendBack = (room: string, session: string, host: Device): Promise<Bytes> =>
  host.sign(cat(utf8("incamera send back v1"), Uint8Array.of(0), utf8(room), utf8(session)));

/** The host's word to the server that a meeting which was ended may begin again. tokenHash: of the link. */
export const signOpen = (room: string, tokenHash: Bytes, host: Device): Promise<Bytes> =>
  host.sign(cat(utf8("incamera open v1"), Uint8Array.of(0), utf8(room), tokenHash));
