/** Seals a recording to a passphrase, chunk after chunk (PROTOCOL.md 4). */

/** Where this browser keeps recordings, until they are saved elsewhere and deleted here. */
export const FOLDER = "recordings";

const MAGIC = "INCAMREC";
/** PBKDF2-HMAC-SHA-256: about half a second of an ordinary machine for each guess. */
const ITERATIONS = 600_000;
const MAX_CHUNK = 1 << 20; // bytes

type Bytes = Uint8Array<ArrayBuffer>;

async function keyOf(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const secret = new TextEncoder().encode(passphrase.normalize("NFC"));
  const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
  ]);
}

export class Sealing {
  private index = 0n;

  private constructor(
    private readonly key: CryptoKey,
    /** What the file begins with. */
    readonly header: Bytes,
  ) {}

  /** A key of its own for each recording: the salt is random. Tests give their own. */
  static async begin(
    passphrase: string,
    salt: Bytes = crypto.getRandomValues(new Uint8Array(16)),
    iterations = ITERATIONS,
  ): Promise<Sealing> {
    const header = new Uint8Array(MAGIC.length + 4 + salt.length);
    header.set(new TextEncoder().encode(MAGIC));
    new DataView(header.buffer).setUint32(MAGIC.length, iterations);
    header.set(salt, MAGIC.length + 4);
    return new Sealing(await keyOf(passphrase, salt, iterations), header);
  }

  /** The next bytes of the file. Calls must not overlap; after the last there is none. */
  async seal(data: Bytes, last = false): Promise<Bytes[]> {
    const out: Bytes[] = [];
    for (let at = 0; at < data.length || (last && at === 0); at += MAX_CHUNK) {
      const piece = data.subarray(at, at + MAX_CHUNK);
      out.push(...(await this.chunk(piece, last && at + MAX_CHUNK >= data.length)));
    }
    return out;
  }

  private async chunk(data: Bytes, last: boolean): Promise<Bytes[]> {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, data.length + (last ? 2 ** 31 : 0));
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setBigUint64(4, this.index++);
    const additionalData = new Uint8Array([...this.header, ...head]);
    const params = { name: "AES-GCM", iv, additionalData };
    return [head, new Uint8Array(await crypto.subtle.encrypt(params, this.key, data))];
  }
}
