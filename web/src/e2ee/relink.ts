/** The link that takes the place of a room's present one, by the host's word (PROTOCOL.md 2.11). */

import { verify } from "./access";
import { type Bytes, base64url, cat, eq, fromBase64url, random, sha256, u32, utf8 } from "./bytes";
import { type Card, type OldLink, openCard, signCardBy } from "./card";
import { envelopeType, sealEnvelope } from "./envelope";
import type { Device } from "./leaf";
import { deriveLinkKeys, type LinkKeys } from "./link";
import type { AppPayload } from "./protocol";

/** What the server has to know of another link. */
export interface Unsigned {
  /** Of the link, from 2. */
  number: number;
  tokenHash: Uint8Array;
  /** Sealed with the link's card key. */
  card: Uint8Array;
}

/** The host's order that the room has another link. Nobody but the server is given it. */
export interface Relink extends Unsigned {
  signature: Uint8Array;
}

export interface NextLink {
  secret: Bytes;
  keys: LinkKeys;
  card: Card;
  cardHash: Bytes;
  /** Without the order itself, but for the host who made it. */
  order: Unsigned;
  /** The host's signature, for members: no order. */
  announced: Bytes;
}

export type OwnNext = NextLink & { order: Relink };

type Said = AppPayload & { kind: "link" };

const SIGNATURE = 64;
const SECRET = 32;
const MAX_CARD = 2 << 10;

/** Members are told under a label of its own: somebody among them would like to carry the order out. */
const ORDER = "incamera relink v1";
const ANNOUNCE = "incamera link announced v1";

const statement = (label: string, room: string, r: Unsigned): Bytes =>
  cat(utf8(label), Uint8Array.of(0), utf8(room), u32(r.number), r.tokenHash, r.card);

/** Reports whether the room's host has given the order. */
export const relinkHolds = async (room: string, host: Bytes, r: Relink): Promise<boolean> =>
  r.number > 1 && (await verify(host, r.signature.slice(), statement(ORDER, room, r)));

/** The link after that of a card. older: the links by which somebody is in the group, the card's own among them. salt is given by tests only. */
export async function makeNext(
  room: string,
  before: Card,
  secret: Bytes,
  older: readonly OldLink[],
  host: Device,
  salt: Bytes = random(32),
): Promise<OwnNext> {
  const keys = await deriveLinkKeys(room, secret);
  const tokenHash = await sha256(keys.token);
  const linkNumber = before.linkNumber + 1;
  const card: Card = { ...before, linkNumber, changed: { tokenHash, older: [...older] } };
  const encoded = await signCardBy(room, card, (b) => host.sign(b));
  const place = { room, type: envelopeType.card, generation: 0, epoch: 0 };
  const sealed = await sealEnvelope(keys.card, place, encoded, salt);
  const order = { number: linkNumber, tokenHash, card: sealed };
  const signature = await host.sign(statement(ORDER, room, order));
  const announced = await host.sign(statement(ANNOUNCE, room, order));
  const cardHash = await sha256(encoded);
  return { secret, keys, card, cardHash, order: { ...order, signature }, announced };
}

/** What a member is told of the link after that of its card. Throws unless the host has announced it. */
export async function openNext(
  room: string,
  before: Card,
  secret: Bytes,
  sealed: Bytes,
  announced: Bytes,
): Promise<NextLink> {
  const keys = await deriveLinkKeys(room, secret);
  const { card, encoded } = await openCard(room, keys.card, sealed);
  const tokenHash = await sha256(keys.token);
  const order = { number: card.linkNumber, tokenHash, card: sealed };
  if (card.linkNumber !== before.linkNumber + 1)
    throw new Error("link: not the one after the present one");
  if (card.suite !== before.suite) throw new Error("link: for a group of another suite");
  if (!card.changed || !eq(card.changed.tokenHash, tokenHash))
    throw new Error("link: its card is of another link");
  if (!(await verify(before.hostKey, announced, statement(ANNOUNCE, room, order))))
    throw new Error("link: the host has not announced it");
  return { secret, keys, card, cardHash: await sha256(encoded), order, announced };
}

/** The order that made a link of our room, by its card as it is sealed; null for a first link. */
export async function orderOf(
  room: string,
  keys: LinkKeys,
  sealed: Uint8Array,
  host: Device,
): Promise<Relink | null> {
  const { card } = await openCard(room, keys.card, sealed);
  if (card.linkNumber < 2) return null;
  const order = { number: card.linkNumber, tokenHash: await sha256(keys.token), card: sealed };
  return { ...order, signature: await host.sign(statement(ORDER, room, order)) };
}

/** How the members are told. */
export const sayNext = (n: NextLink): Said => ({
  kind: "link",
  secret: base64url(n.secret),
  card: base64url(n.order.card),
  signature: base64url(n.announced),
});

/** The fields of what was said; throws for what is malformed. */
export function readNext(said: { secret?: unknown; card?: unknown; signature?: unknown }): {
  secret: Bytes;
  card: Bytes;
  signature: Bytes;
} {
  const bytes = (v: unknown): Bytes => {
    const b = typeof v === "string" ? fromBase64url(v) : null;
    if (!b) throw new Error("app: not base64url");
    return b;
  };
  const [secret, card, signature] = [bytes(said.secret), bytes(said.card), bytes(said.signature)];
  if (
    secret.length !== SECRET ||
    card.length === 0 ||
    card.length > MAX_CARD ||
    signature.length !== SIGNATURE
  )
    throw new Error("app: not a link");
  return { secret, card, signature };
}
