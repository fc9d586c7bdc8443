/** What the room's creator says about the room, signed and sealed (PROTOCOL.md 2.2). */
import { type Bytes, cat, decode, encode, eq, text, u16, u32, u64, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { roomOf } from "./link";
import { SUITE_X25519, SUITE_XWING } from "./mls";

export interface Card {
  hostKey: Bytes;
  suite: number;
  linkNumber: number;
  createdMs: number;
  title: string;
}

export const MAX_TITLE = 200; // bytes

/** Keys of the post-quantum suite are forty times as large: commits of larger groups would take hundreds of kilobytes. */
const MAX_POST_QUANTUM = 64;

/** How many members the room has at most; 0: as many as anybody takes. */
export const capacityOf = (c: Pick<Card, "suite">): number =>
  c.suite === SUITE_XWING ? MAX_POST_QUANTUM : 0;

const context = (room: string) => ({ room, type: envelopeType.card, generation: 0, epoch: 0 });

function fields(c: Card): Bytes {
  return cat(
    Uint8Array.of(1),
    c.hostKey,
    u16(c.suite),
    u32(c.linkNumber),
    u64(c.createdMs),
    encode((w) => w.opaque(utf8(c.title))),
  );
}

const signed = (room: string, body: Bytes): Bytes =>
  cat(utf8("incamera card v1"), utf8(room), body);

/** The card as encoded, signature included. */
export async function signCard(room: string, card: Card, host: CryptoKey): Promise<Bytes> {
  if (utf8(card.title).length > MAX_TITLE) throw new Error("card: the title is too long");
  const body = fields(card);
  return cat(body, new Uint8Array(await crypto.subtle.sign("Ed25519", host, signed(room, body))));
}

export const sealCard = (room: string, key: Bytes, encoded: Bytes): Promise<Bytes> =>
  sealEnvelope(key, context(room), encoded);

/** Opens and checks a card. Throws unless it is the host's own for this room. */
export async function openCard(
  room: string,
  key: Bytes,
  sealed: Uint8Array,
): Promise<{ card: Card; encoded: Bytes }> {
  const encoded = await openEnvelope(key, context(room), sealed);
  const { card, signature, body } = decode(encoded, (r) => {
    if (r.u8() !== 1) throw new Error("card: unknown version");
    const card: Card = {
      hostKey: r.take(32),
      suite: r.u16(),
      linkNumber: r.u32(),
      createdMs: Number(r.u64()),
      title: text(r.opaque()),
    };
    const body = encoded.slice(0, encoded.length - r.left);
    return { card, body, signature: r.take(64) };
  });
  if ((await roomOf(card.hostKey)) !== room) throw new Error("card: not of this room");
  if (!Number.isSafeInteger(card.createdMs)) throw new Error("card: made in another age");
  const known = card.suite === SUITE_X25519 || card.suite === SUITE_XWING;
  if (!known || card.linkNumber < 1 || utf8(card.title).length > MAX_TITLE)
    throw new Error("card: unknown terms");
  const key_ = await crypto.subtle.importKey("raw", card.hostKey, "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", key_, signature, signed(room, body))))
    throw new Error("card: bad signature");
  if (!eq(fields(card), body)) throw new Error("card: not as it is written");
  return { card, encoded };
}
