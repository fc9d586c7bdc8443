/** Files in sealed chunks that open one by one, each in its place only (PROTOCOL.md 2.10). */
import { type Bytes, cat, hkdf, sha256, u32, utf8 } from "./bytes";

export const CHUNK = 64 * 1024; // bytes of all chunks but the last
export const OVERHEAD = 16; // bytes that sealing adds to each
const LEAST = 256; // bytes that the smallest file is padded to
const LABEL = "incamera file v1";

/** How many bytes are sealed for a file of so many: the Padmé scheme, by which only the highest bits of the size show. */
export function paddedSize(size: number): number {
  const n = Math.max(size, LEAST);
  const e = Math.floor(Math.log2(n));
  const step = 2 ** (e - Math.floor(Math.log2(e)) - 1);
  return Math.ceil(n / step) * step;
}

/** How many chunks a file has: at least one. */
export const chunksOf = (size: number): number => Math.ceil(paddedSize(size) / CHUNK);

/** The size of all its sealed chunks together. */
export const sealedSize = (size: number): number => paddedSize(size) + chunksOf(size) * OVERHEAD;

/** The largest file whose sealed chunks together have at most so many bytes; -1: none. */
export function largestFile(sealed: number): number {
  let [low, high] = [-1, sealed];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sealedSize(middle) <= sealed) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Seals and opens the chunks of one file; key is random and for this file only. */
export class FileCipher {
  private constructor(
    private readonly key: CryptoKey,
    private readonly prefix: Bytes,
    readonly size: number,
  ) {}

  static async make(room: string, id: Bytes, key: Bytes, size: number): Promise<FileCipher> {
    const okm = await hkdf(key, utf8(LABEL), cat(utf8(room), id), 39);
    const use: KeyUsage[] = ["encrypt", "decrypt"];
    const k = await crypto.subtle.importKey("raw", okm.slice(0, 32), "AES-GCM", false, use);
    return new FileCipher(k, okm.slice(32), size);
  }

  get chunks(): number {
    return chunksOf(this.size);
  }

  /** Where the content of a chunk begins and ends in the padded file. */
  private bounds(index: number): [begin: number, end: number] {
    if (!Number.isInteger(index) || index < 0 || index >= this.chunks)
      throw new Error("file: no such chunk");
    return [index * CHUNK, Math.min((index + 1) * CHUNK, paddedSize(this.size))];
  }

  /** The place, and whether the file ends with it. */
  private gcm(index: number): AesGcmParams {
    const last = Uint8Array.of(index === this.chunks - 1 ? 1 : 0);
    return { name: "AES-GCM", iv: cat(this.prefix, u32(index), last) };
  }

  /** Seals the chunk of this place; content is that part of the file, without padding. */
  async seal(index: number, content: Bytes): Promise<Bytes> {
    const [begin, end] = this.bounds(index);
    const own = Math.max(0, Math.min(end, this.size) - begin);
    if (content.length !== own) throw new Error("file: not the content of this chunk");
    const padded = own === end - begin ? content : cat(content, new Uint8Array(end - begin - own));
    return new Uint8Array(await crypto.subtle.encrypt(this.gcm(index), this.key, padded));
  }

  /** Opens the chunk of this place, without its padding. Throws for anything else. */
  async open(index: number, sealed: Bytes): Promise<Bytes> {
    const [begin, end] = this.bounds(index);
    if (sealed.length !== end - begin + OVERHEAD) throw new Error("file: cut short");
    const padded = new Uint8Array(await crypto.subtle.decrypt(this.gcm(index), this.key, sealed));
    const own = Math.max(0, Math.min(end, this.size) - begin);
    if (padded.subarray(own).some((b) => b !== 0)) throw new Error("file: bad padding");
    return padded.slice(0, own);
  }
}

/** What an announcement says of the content: a hash over the SHA-256 of each sealed chunk. */
export const fileDigest = (hashes: readonly Bytes[]): Promise<Bytes> =>
  sha256(utf8(LABEL), Uint8Array.of(0), ...hashes);
