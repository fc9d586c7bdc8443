/** What the host or a moderator writes to somebody who waits, and so is in no group (PROTOCOL.md 2.12). */
import { allows, type Grant, verify } from "./access";
import { type Bytes, cat, decode, encode, hex, random, text, u64, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import type { Hosting } from "./hosting";
import type { Device } from "./leaf";
import { MAX_NOTE } from "./protocol";

export interface Note {
  /** Unix ms; rises with each note of its signer. */
  sent: number;
  text: string;
}

/** Where a note belongs: to a session that waits in a room. envelope: the link's key. */
export interface NotePlace {
  room: string;
  host: Bytes;
  envelope: Bytes;
  session: string;
}

const PAD = 256; // a note is as long as a multiple of it
const KEY = 32;
const SIGNATURE = 64;

const place = (room: string) => ({ room, type: envelopeType.note, generation: 0, epoch: 0 });

const statement = (p: NotePlace, fields: Bytes): Bytes =>
  cat(
    utf8("incamera note v1"),
    Uint8Array.of(0),
    utf8(p.room),
    encode((w) => w.opaque(utf8(p.session))),
    fields,
  );

export const validNote = (t: string): boolean => t.trim() !== "" && [...t].length <= MAX_NOTE;

const fieldsOf = (n: Note, signer: Bytes): Bytes =>
  cat(
    Uint8Array.of(1),
    u64(n.sent),
    encode((w) => w.opaque(utf8(n.text))),
    signer,
  );

/** salt is given by tests only. */
export async function sealNote(
  p: NotePlace,
  n: Note,
  by: Device,
  salt: Bytes = random(32),
): Promise<Bytes> {
  if (!validNote(n.text)) throw new Error("note: blank, or too long");
  const fields = fieldsOf(n, by.publicKey);
  const signed = cat(fields, await by.sign(statement(p, fields)));
  const padding = new Uint8Array((PAD - (signed.length % PAD)) % PAD);
  return sealEnvelope(p.envelope, place(p.room), cat(signed, padding), salt);
}

/** Throws for a note to another, and for one that neither the host nor a moderator of g has signed. */
export async function openNote(
  p: NotePlace,
  g: Grant | null,
  sealed: Uint8Array,
): Promise<Note & { signer: Bytes }> {
  const plain = await openEnvelope(p.envelope, place(p.room), sealed);
  const { fields, sent, said, signer, signature, padding } = decode(plain, (r) => {
    if (r.u8() !== 1) throw new Error("note: unknown version");
    const n = { sent: r.u64(), said: r.opaque(), signer: r.take(KEY) };
    const fields = plain.slice(0, plain.length - r.left);
    return { ...n, fields, signature: r.take(SIGNATURE), padding: r.take(r.left) };
  });
  if (plain.length % PAD !== 0 || padding.length >= PAD || padding.some((b) => b !== 0))
    throw new Error("note: the padding is not as it should be");
  if (sent > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("note: its time is out of range");
  if (!allows({ host: p.host }, g, signer))
    throw new Error("note: of nobody who acts for the host");
  if (!(await verify(signer, signature, statement(p, fields))))
    throw new Error("note: not signed for this session");
  const n = { sent: Number(sent), text: text(said), signer };
  if (!validNote(n.text)) throw new Error("note: blank, or too long");
  return n;
}

/** Notes by us and to us, of one session of ours. */
export class Notes {
  private latest = 0; // time of our own
  private readonly read = new Map<string, number>(); // time of the latest, by signer

  constructor(
    private readonly at: Omit<NotePlace, "envelope">,
    /** Of the link that holds. */
    private readonly envelope: () => Bytes,
    private readonly hosting: Hosting,
    /** Unix ms. */
    private readonly wall: () => number,
  ) {}

  /** Seals a note to a session that waits; null when we do not act for the host. grant: the one in force. */
  async write(session: string, words: string, grant: Grant | null): Promise<Bytes | null> {
    const by = this.hosting.signer(grant);
    if (!by) return null;
    this.latest = Math.max(this.latest + 1, this.wall());
    const at = { ...this.at, session, envelope: this.envelope() };
    return sealNote(at, { sent: this.latest, text: words }, by);
  }

  /** The words of a note to us. Throws for one that is none; null for one that came before. Who may write says the latest policy that we know. */
  async take(sealed: Uint8Array): Promise<string | null> {
    const n = await openNote(
      { ...this.at, envelope: this.envelope() },
      this.hosting.known.grant,
      sealed,
    );
    const by = hex(n.signer);
    if (n.sent <= (this.read.get(by) ?? -1)) return null;
    this.read.set(by, n.sent);
    return n.text;
  }
}
