/** What the room's creator says about the room, signed and sealed (PROTOCOL.md 2.2). */
import { type Bytes, cat, decode, empty, encode, eq, text, u16, u32, u64, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { roomOf } from "./link";
import { SUITE_X25519, SUITE_XWING } from "./mls";
import { verifyEd25519 } from "./mls/ed25519";

export interface Card {
  hostKey: Bytes;
  suite: number;
  linkNumber: number;
  createdMs: number;
  title: string;
  /** Of links from 2 on. */
  changed?: Changed;
}

/** A link that holds no more, by which somebody is still in the group. */
export interface OldLink {
  number: number;
  admission: Bytes;
}

/** What the card of a changed link says beside. */
export interface Changed {
  /** Of this link: no two links share a card. */
  tokenHash: Bytes;
  /** In order of their numbers, distinct. */
  older: OldLink[];
}

/** More would make a card larger than what the server keeps. */
export const MAX_OLD_LINKS = 16;
const KEY = 32;

export const MAX_TITLE = 200; // bytes

/** Keys of the post-quantum suite are forty times as large: commits of larger groups would take hundreds of kilobytes. */
const MAX_POST_QUANTUM = 64;

/** How many members the room has at most; 0: as many as anybody takes. */
export const capacityOf = (c: Pick<Card, "suite">): number =>
  c.suite === SUITE_XWING ? MAX_POST_QUANTUM : 0;

const context = (room: string) => ({ room, type: envelopeType.card, generation: 0, epoch: 0 });

function fields(c: Card): Bytes {
  return cat(
    Uint8Array.of(c.linkNumber > 1 ? 2 : 1),
    c.hostKey,
    u16(c.suite),
    u32(c.linkNumber),
    u64(c.createdMs),
    encode((w) => w.opaque(utf8(c.title))),
    c.linkNumber > 1 && c.changed ? changedFields(c.changed) : empty,
  );
}

const changedFields = (c: Changed): Bytes =>
  encode((w) => {
    w.raw(c.tokenHash);
    w.opaque(cat(...c.older.flatMap((o) => [u32(o.number), o.admission])));
  });

function readOlder(list: Bytes): OldLink[] {
  const size = 4 + KEY;
  if (list.length % size !== 0) throw new Error("card: cut short");
  return Array.from({ length: list.length / size }, (_, i) =>
    decode(list.slice(i * size, (i + 1) * size), (r) => ({
      number: r.u32(),
      admission: r.take(KEY),
    })),
  );
}

/** A first link has none before it; another names what it replaces, in order. */
function validLink({ linkNumber, changed }: Card): boolean {
  if (linkNumber <= 1) return linkNumber === 1 && !changed;
  if (!changed || changed.tokenHash.every((b) => b === 0)) return false;
  const { older } = changed;
  return (
    older.length <= MAX_OLD_LINKS &&
    older.every((o, i) => o.number > (older[i - 1]?.number ?? 0) && o.number < linkNumber)
  );
}

const signed = (room: string, body: Bytes): Bytes =>
  cat(utf8("incamera card v1"), utf8(room), body);

/** The card as encoded, signature included. */
export function signCard(room: string, card: Card, host: CryptoKey): Promise<Bytes> {
  return signCardBy(
    room,
    card,
    async (b) => new Uint8Array(await crypto.subtle.sign("Ed25519", host, b)),
  );
}

export async function signCardBy(
  room: string,
  card: Card,
  sign: (b: Bytes) => Promise<Bytes>,
): Promise<Bytes> {
  if (utf8(card.title).length > MAX_TITLE) throw new Error("card: the title is too long");
  if (card.linkNumber > 1 && !validLink(card)) throw new Error("card: not a link after others");
  const body = fields(card);
  return cat(body, await sign(signed(room, body)));
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
    const version = r.u8();
    if (version !== 1 && version !== 2) throw new Error("card: unknown version");
    const card: Card = {
      hostKey: r.take(32),
      suite: r.u16(),
      linkNumber: r.u32(),
      createdMs: Number(r.u64()),
      title: text(r.opaque()),
      ...(version === 2
        ? { changed: { tokenHash: r.take(32), older: readOlder(r.opaque()) } }
        : {}),
    };
    const body = encoded.slice(0, encoded.length - r.left);
    return { card, body, signature: r.take(64) };
  });
  if ((await roomOf(card.hostKey)) !== room) throw new Error("card: not of this room");
  if (!Number.isSafeInteger(card.createdMs)) throw new Error("card: made in another age");
  const known = card.suite === SUITE_X25519 || card.suite === SUITE_XWING;
  if (!known || !validLink(card) || utf8(card.title).length > MAX_TITLE)
    throw new Error("card: unknown terms");
  if (!(await verifyEd25519(card.hostKey, signed(room, body), signature)))
    throw new Error("card: bad signature");
  if (!eq(fields(card), body)) throw new Error("card: not as it is written");
  return { card, encoded };
}
