/** Message keys, and the PrivateMessages under them (RFC 9420 §6.3, §9). */
import { type Bytes, DecodeError, decode, empty, encode, Reader, type Writer, wipe } from "./codec";
import {
  type Authenticated,
  CONTENT,
  decAuthData,
  decBody,
  encAuthData,
  encBody,
  type PrivateMessage,
  SENDER,
  WIRE,
} from "./messages";
import { NONCE_SIZE, random, type Suite } from "./suite";
import { below, left, level, right, rootOf } from "./treemath";

interface MessageKey {
  key: Bytes;
  nonce: Bytes;
}

/**
 * How many generations a sender may be ahead of what we saw, and how many skipped keys are kept for it.
 * More lets a member cost the others more time and memory; fewer loses messages after a long gap.
 */
const MAX_FORWARD = 1000;

/** A key that may be used once: accept when the message is authentic, release when not. */
interface Lease extends MessageKey {
  accept(): void;
  release(): void;
}

/** The keys of one sender for one kind of content. Wipes what it has handed out. */
class Ratchet {
  private next = 0;
  private readonly skipped = new Map<number, MessageKey>();

  /** Takes the secret over. */
  constructor(
    private readonly s: Suite,
    private secret: Bytes,
  ) {}

  private keyAt(secret: Bytes, generation: number): MessageKey {
    return {
      key: this.s.deriveTree(secret, "key", generation, this.s.keySize),
      nonce: this.s.deriveTree(secret, "nonce", generation, NONCE_SIZE),
    };
  }

  private after(secret: Bytes, generation: number): Bytes {
    const out = this.s.deriveTree(secret, "secret", generation, this.s.hashSize);
    wipe(secret);
    return out;
  }

  /** The key of our next message. */
  step(): MessageKey & { generation: number } {
    const generation = this.next++;
    const k = this.keyAt(this.secret, generation);
    this.secret = this.after(this.secret, generation);
    return { ...k, generation };
  }

  /** Throws when the generation was used, or is too far away. */
  lease(generation: number): Lease {
    if (generation < this.next) return this.leaseSkipped(generation);
    if (generation - this.next > MAX_FORWARD) throw new Error("mls: a generation too far ahead");
    const between: [number, MessageKey][] = [];
    let secret = this.secret.slice();
    for (let g = this.next; g < generation; g++) {
      between.push([g, this.keyAt(secret, g)]);
      secret = this.after(secret, g);
    }
    const k = this.keyAt(secret, generation);
    secret = this.after(secret, generation);
    const base = this.next;
    return {
      ...k,
      accept: () => {
        wipe(k.key, k.nonce);
        if (this.next !== base) throw new Error("mls: a group was used concurrently");
        for (const [g, v] of between) this.skipped.set(g, v);
        this.forgetBefore(generation - MAX_FORWARD);
        wipe(this.secret);
        this.secret = secret;
        this.next = generation + 1;
      },
      release: () => {
        wipe(k.key, k.nonce, secret, ...between.flatMap(([, v]) => [v.key, v.nonce]));
      },
    };
  }

  private leaseSkipped(generation: number): Lease {
    const k = this.skipped.get(generation);
    if (!k) throw new Error("mls: a message key that was used already");
    return {
      key: k.key.slice(),
      nonce: k.nonce.slice(),
      accept: () => {
        wipe(k.key, k.nonce);
        this.skipped.delete(generation);
      },
      release: () => {},
    };
  }

  private forgetBefore(generation: number): void {
    for (const [g, k] of this.skipped) {
      if (g >= generation) continue;
      wipe(k.key, k.nonce);
      this.skipped.delete(g);
    }
  }

  destroy(): void {
    wipe(this.secret);
    this.forgetBefore(Number.POSITIVE_INFINITY);
  }
}

const ascii = new TextEncoder();
const leftLabel = ascii.encode("left");
const rightLabel = ascii.encode("right");

/** Derives ratchets when they are first used, and wipes the nodes above them. */
export class SecretTree {
  private readonly nodes: Map<number, Bytes>;
  private readonly ratchets = new Map<number, [Ratchet, Ratchet]>();

  /** leaves is the number of places in the tree. Takes the secret over. */
  constructor(
    private readonly s: Suite,
    private readonly leaves: number,
    secret: Bytes,
  ) {
    this.nodes = new Map([[rootOf(leaves), secret]]);
  }

  /** Throws for a leaf beyond the tree. */
  ratchet(leaf: number, contentType: number): Ratchet {
    if (leaf >= this.leaves) throw new Error("mls: the sender is beyond the tree");
    let pair = this.ratchets.get(leaf);
    if (!pair) {
      pair = this.open(leaf);
      this.ratchets.set(leaf, pair);
    }
    return contentType === CONTENT.application ? pair[1] : pair[0];
  }

  private open(leaf: number): [Ratchet, Ratchet] {
    const s = this.s;
    for (
      let x = rootOf(this.leaves);
      level(x) > 0;
      x = below(2 * leaf, left(x)) ? left(x) : right(x)
    ) {
      const secret = this.nodes.get(x);
      if (!secret) continue;
      this.nodes.set(left(x), s.expandLabel(secret, "tree", leftLabel, s.hashSize));
      this.nodes.set(right(x), s.expandLabel(secret, "tree", rightLabel, s.hashSize));
      this.nodes.delete(x);
      wipe(secret);
    }
    const secret = this.nodes.get(2 * leaf);
    if (!secret) throw new Error("mls: the secret tree was destroyed");
    this.nodes.delete(2 * leaf);
    const handshake = new Ratchet(s, s.derive(secret, "handshake"));
    const application = new Ratchet(s, s.derive(secret, "application"));
    wipe(secret);
    return [handshake, application];
  }

  destroy(): void {
    wipe(...this.nodes.values());
    this.nodes.clear();
    for (const pair of this.ratchets.values()) for (const r of pair) r.destroy();
    this.ratchets.clear();
  }
}

/** §6.3.2: the key depends on a sample of the ciphertext. */
export function senderDataKey(s: Suite, secret: Bytes, ciphertext: Bytes): MessageKey {
  const sample = ciphertext.slice(0, s.hashSize);
  return {
    key: s.expandLabel(secret, "key", sample, s.keySize),
    nonce: s.expandLabel(secret, "nonce", sample, NONCE_SIZE),
  };
}

type Head = Pick<PrivateMessage, "groupId" | "epoch" | "contentType" | "aad">;

function associated(p: Head): { sender: Bytes; content: Bytes } {
  const head = (w: Writer): void => {
    w.opaque(p.groupId);
    w.u64(p.epoch);
    w.u8(p.contentType);
  };
  const content = encode((w) => {
    head(w);
    w.opaque(p.aad);
  });
  return { sender: encode(head), content };
}

const REUSE_GUARD = 4;

function guarded(nonce: Bytes, guard: Bytes): Bytes {
  const out = nonce.slice();
  for (let i = 0; i < REUSE_GUARD; i++) out[i]! ^= guard[i]!;
  return out;
}

/** Seals content of leaf sender. The plaintext is padded to a multiple of pad bytes; 0 or 1 is no padding. */
export async function protect(
  s: Suite,
  tree: SecretTree,
  senderData: Bytes,
  a: Authenticated,
  pad: number,
): Promise<PrivateMessage> {
  const c = a.content;
  const plaintext = encode((w) => {
    encBody(w, c);
    encAuthData(w, a);
    const over = pad > 1 ? w.length % pad : 0;
    if (over > 0) w.raw(new Uint8Array(pad - over));
  });
  const { key, nonce, generation } = tree.ratchet(c.sender.index, c.contentType).step();
  const guard = random(REUSE_GUARD);
  const aad = associated(c);
  const ciphertext = await s.seal(key, guarded(nonce, guard), aad.content, plaintext);
  wipe(key, nonce, plaintext);
  const k = senderDataKey(s, senderData, ciphertext);
  const data = encode((w) => {
    w.u32(c.sender.index);
    w.u32(generation);
    w.raw(guard);
  });
  const sealed = await s.seal(k.key, k.nonce, aad.sender, data);
  wipe(k.key, k.nonce);
  return {
    groupId: c.groupId,
    epoch: c.epoch,
    contentType: c.contentType,
    aad: c.aad,
    senderData: sealed,
    ciphertext,
  };
}

/** What a PrivateMessage holds. Call accept once its signature holds, release otherwise. */
export interface Unprotected {
  auth: Authenticated;
  accept(): void;
  release(): void;
}

function parseContent(p: PrivateMessage, leaf: number, plaintext: Bytes): Authenticated {
  const auth: Authenticated = {
    wire: WIRE.private,
    content: {
      groupId: p.groupId,
      epoch: p.epoch,
      aad: p.aad,
      contentType: p.contentType,
      sender: { type: SENDER.member, index: leaf },
    },
    signature: empty,
    tag: empty,
  };
  const r = new Reader(plaintext);
  decBody(r, auth.content);
  decAuthData(r, auth);
  while (r.left > 0) if (r.u8() !== 0) throw new DecodeError("mls: padding that is not zero");
  return auth;
}

/** Opens a PrivateMessage of the epoch that tree and senderData are of. */
export async function unprotect(
  s: Suite,
  tree: SecretTree,
  senderData: Bytes,
  p: PrivateMessage,
): Promise<Unprotected> {
  const aad = associated(p);
  const k = senderDataKey(s, senderData, p.ciphertext);
  const data = await s.open(k.key, k.nonce, aad.sender, p.senderData);
  wipe(k.key, k.nonce);
  const [leaf, generation, guard] = decode(
    data,
    (r) => [r.u32(), r.u32(), r.take(REUSE_GUARD)] as const,
  );
  const lease = tree.ratchet(leaf, p.contentType).lease(generation);
  try {
    const iv = guarded(lease.nonce, guard);
    const plaintext = await s.open(lease.key, iv, aad.content, p.ciphertext);
    const auth = parseContent(p, leaf, plaintext);
    wipe(plaintext);
    return { auth, accept: lease.accept, release: lease.release };
  } catch (e) {
    lease.release();
    throw e;
  }
}
