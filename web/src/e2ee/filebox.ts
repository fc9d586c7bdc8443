/** The files of a meeting inside the worker: their keys never leave it. */
import { type Bytes, eq, hex, random, sha256, unhex } from "./bytes";
import { CHUNK, FileCipher, fileDigest, sealedSize } from "./file";
import type { AppPayload, FileAnswer, FileOp } from "./protocol";

type Announced = AppPayload & { kind: "file" };

interface Going {
  file: Blob;
  key: Bytes;
  cipher: Promise<FileCipher>;
  hashes: (Bytes | undefined)[];
}

interface Coming {
  cipher: Promise<FileCipher>;
  digest: Bytes;
  hashes: (Bytes | undefined)[];
}

/** Files announced beyond this many are forgotten, the oldest first. */
const KEPT = 1000;

export class FileBox {
  private readonly going = new Map<string, Going>();
  private readonly coming = new Map<string, Coming>();

  constructor(
    private readonly room: string,
    /** Announces a file to the group, or to one person. */
    private readonly announce: (file: Announced, to: string) => Promise<void>,
  ) {}

  /** Rejects with an error whose text is not for people. */
  async carryOut(op: FileOp): Promise<FileAnswer> {
    switch (op.op) {
      case "make": {
        const id = random(16);
        const key = random(32);
        const cipher = FileCipher.make(this.room, id, key, op.file.size);
        this.going.set(hex(id), { file: op.file, key, cipher, hashes: [] });
        return { op: "make", id: hex(id), sealed: sealedSize(op.file.size) };
      }
      case "seal":
        return { op: "seal", data: await this.seal(this.find(op.id), op.index, op.count) };
      case "say":
        await this.say(op.id, op.name, op.mime, op.to);
        return { op: "say" };
      case "open": {
        const coming = this.coming.get(`${op.session} ${op.id}`);
        if (!coming) throw new Error("file: never announced");
        return { op: "open", ...(await open(coming, op.index, op.data)) };
      }
      case "drop":
        this.going.get(op.id)?.key.fill(0);
        this.going.delete(op.id);
        return { op: "drop" };
    }
  }

  /** A file that somebody announced. Returns what the page may know of it. */
  take(session: string, file: Announced): Announced {
    const id = unhex(file.id);
    const cipher = FileCipher.make(this.room, id, unhex(file.key), file.size);
    this.coming.set(`${session} ${file.id}`, { cipher, digest: unhex(file.digest), hashes: [] });
    const [oldest] = this.coming.keys();
    if (this.coming.size > KEPT && oldest !== undefined) this.coming.delete(oldest);
    return { ...file, key: "", digest: "" };
  }

  clear(): void {
    for (const { key } of this.going.values()) key.fill(0);
    this.going.clear();
    this.coming.clear();
  }

  private find(id: string): Going {
    const going = this.going.get(id);
    if (!going) throw new Error("file: not one of ours");
    return going;
  }

  /** Chunks are read when they are sealed: the whole file is never in memory. */
  private async seal(going: Going, index: number, count: number): Promise<Bytes> {
    const cipher = await going.cipher;
    const end = Math.min(index + count, cipher.chunks);
    const content = new Uint8Array(
      await going.file.slice(index * CHUNK, end * CHUNK).arrayBuffer(),
    );
    const sealed: Bytes[] = [];
    for (let i = index; i < end; i++) {
      const at = (i - index) * CHUNK;
      const chunk = await cipher.seal(i, content.slice(at, at + CHUNK));
      const hash = await sha256(chunk);
      const before = going.hashes[i];
      // Sealed anew after a break. Another content under the same nonce would give both away.
      if (before && !eq(before, hash)) throw new Error("file: it has changed meanwhile");
      going.hashes[i] = hash;
      sealed.push(chunk);
    }
    return join(sealed);
  }

  private async say(id: string, name: string, type: string, to: string): Promise<void> {
    const going = this.find(id);
    const cipher = await going.cipher;
    const digest = await whole(going.hashes, cipher.chunks);
    const size = cipher.size;
    await this.announce(
      { kind: "file", id, name, size, type, key: hex(going.key), digest: hex(digest) },
      to,
    );
    this.going.delete(id);
  }
}

function join(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

async function whole(hashes: readonly (Bytes | undefined)[], chunks: number): Promise<Bytes> {
  const all: Bytes[] = [];
  for (let i = 0; i < chunks; i++) {
    const hash = hashes[i];
    if (!hash) throw new Error("file: not all of it");
    all.push(hash);
  }
  return fileDigest(all);
}

/** Opens chunks from that one on. done: they were the last, and the whole is what was announced. */
async function open(
  coming: Coming,
  index: number,
  data: Uint8Array,
): Promise<{ data: Bytes; done: boolean }> {
  const cipher = await coming.cipher;
  const step = CHUNK + 16;
  const count = Math.ceil(data.length / step);
  const opened: Bytes[] = [];
  for (let i = 0; i < count; i++) {
    const chunk = data.slice(i * step, (i + 1) * step);
    opened.push(await cipher.open(index + i, chunk));
    coming.hashes[index + i] = await sha256(chunk);
  }
  const done = index + count === cipher.chunks;
  if (done && !eq(await whole(coming.hashes, cipher.chunks), coming.digest))
    throw new Error("file: not the one that was announced");
  return { data: join(opened), done };
}
