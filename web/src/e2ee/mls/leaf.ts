/** Credentials, capabilities, leaf nodes and key packages (RFC 9420 §5.3, §7.2, §10). */
import {
  type Bytes,
  DecodeError,
  decode,
  empty,
  encode,
  MAX_MESSAGE,
  type Reader,
  type Writer,
  wipe,
} from "./codec";
import type { Suite } from "./suite";

/** The one protocol version, mls10. */
export const MLS10 = 1;

export const CREDENTIAL = { basic: 1, x509: 2 } as const;

/** identity is that of a basic credential, or the opaque content of a type that we do not know. */
export interface Credential {
  type: number;
  identity: Bytes;
  certs?: Bytes[];
}

export function encCredential(w: Writer, c: Credential): void {
  w.u16(c.type);
  if (c.type === CREDENTIAL.x509) w.list(c.certs ?? [], (w, x) => w.opaque(x));
  else w.opaque(c.identity);
}

export function decCredential(r: Reader): Credential {
  const type = r.u16();
  if (type === CREDENTIAL.x509) return { type, identity: empty, certs: r.list((r) => r.opaque()) };
  return { type, identity: r.opaque() };
}

/** What a client can do beyond the defaults (§7.2). Values that we do not know, GREASE among them, are kept. */
export interface Capabilities {
  versions: number[];
  suites: number[];
  extensions: number[];
  proposals: number[];
  credentials: number[];
}

export interface Extension {
  type: number;
  data: Bytes;
}

export const EXT = {
  applicationId: 1,
  ratchetTree: 2,
  requiredCapabilities: 3,
  externalPub: 4,
  externalSenders: 5,
} as const;

export function encExtension(w: Writer, e: Extension): void {
  w.u16(e.type);
  w.opaque(e.data);
}

export function decExtension(r: Reader): Extension {
  return { type: r.u16(), data: r.opaque(MAX_MESSAGE) };
}

/** The content of the first extension of a type. */
export function findExt(list: readonly Extension[], type: number): Bytes | undefined {
  return list.find((e) => e.type === type)?.data;
}

/** Content of the required_capabilities extension (§11.1). */
export interface RequiredCapabilities {
  extensions: number[];
  proposals: number[];
  credentials: number[];
}

export function encodeRequiredCapabilities(c: RequiredCapabilities): Bytes {
  return encode((w) => {
    w.u16s(c.extensions);
    w.u16s(c.proposals);
    w.u16s(c.credentials);
  });
}

export function decodeRequiredCapabilities(data: Bytes): RequiredCapabilities {
  return decode(data, (r) => ({
    extensions: r.u16s(),
    proposals: r.u16s(),
    credentials: r.u16s(),
  }));
}

/** Content of the external_senders extension (§12.1.8.1). */
export interface ExternalSender {
  sigKey: Bytes;
  credential: Credential;
}

export function decodeExternalSenders(data: Bytes): ExternalSender[] {
  return decode(data, (r) => r.list((r) => ({ sigKey: r.opaque(), credential: decCredential(r) })));
}

/** Where a leaf comes from (§7.2). */
export const SOURCE = { keyPackage: 1, update: 2, commit: 3 } as const;

/** Immutable once signed. notBefore and notAfter are Unix seconds, and mean something in key packages only. */
export interface LeafNode {
  encKey: Bytes;
  sigKey: Bytes;
  credential: Credential;
  caps: Capabilities;
  source: number;
  notBefore: bigint;
  notAfter: bigint;
  parentHash: Bytes;
  extensions: Extension[];
  signature: Bytes;
}

function encLeafBody(w: Writer, l: LeafNode): void {
  w.opaque(l.encKey);
  w.opaque(l.sigKey);
  encCredential(w, l.credential);
  w.u16s(l.caps.versions);
  w.u16s(l.caps.suites);
  w.u16s(l.caps.extensions);
  w.u16s(l.caps.proposals);
  w.u16s(l.caps.credentials);
  w.u8(l.source);
  if (l.source === SOURCE.keyPackage) {
    w.u64(l.notBefore);
    w.u64(l.notAfter);
  } else if (l.source === SOURCE.commit) {
    w.opaque(l.parentHash);
  }
  w.list(l.extensions, encExtension);
}

export function encLeaf(w: Writer, l: LeafNode): void {
  encLeafBody(w, l);
  w.opaque(l.signature);
}

export function decLeaf(r: Reader): LeafNode {
  const l: LeafNode = {
    encKey: r.opaque(),
    sigKey: r.opaque(),
    credential: decCredential(r),
    caps: {
      versions: r.u16s(),
      suites: r.u16s(),
      extensions: r.u16s(),
      proposals: r.u16s(),
      credentials: r.u16s(),
    },
    source: r.u8(),
    notBefore: 0n,
    notAfter: 0n,
    parentHash: empty,
    extensions: [],
    signature: empty,
  };
  if (l.source === SOURCE.keyPackage) {
    l.notBefore = r.u64();
    l.notAfter = r.u64();
  } else if (l.source === SOURCE.commit) {
    l.parentHash = r.opaque();
  } else if (l.source !== SOURCE.update) {
    throw new DecodeError("mls: a leaf of unknown source");
  }
  l.extensions = r.list(decExtension);
  l.signature = r.opaque();
  return l;
}

const leafTbs = (l: LeafNode, groupId: Bytes, leaf: number): Bytes =>
  encode((w) => {
    encLeafBody(w, l);
    if (l.source === SOURCE.keyPackage) return;
    w.opaque(groupId);
    w.u32(leaf);
  });

/** Sets the signature. groupId and leaf do not matter to leaves of key packages. */
export async function signLeaf(
  s: Suite,
  l: LeafNode,
  key: CryptoKey,
  groupId: Bytes,
  leaf: number,
): Promise<void> {
  l.signature = await s.sign(key, "LeafNodeTBS", leafTbs(l, groupId, leaf));
}

/** Throws unless the leaf's own key signed it for this place. */
export function verifyLeafSignature(
  s: Suite,
  l: LeafNode,
  groupId: Bytes,
  leaf: number,
): Promise<void> {
  return s.verify(l.sigKey, "LeafNodeTBS", leafTbs(l, groupId, leaf), l.signature);
}

export interface KeyPackage {
  version: number;
  suite: number;
  initKey: Bytes;
  leaf: LeafNode;
  extensions: Extension[];
  signature: Bytes;
}

function encKeyPackageBody(w: Writer, k: KeyPackage): void {
  w.u16(k.version);
  w.u16(k.suite);
  w.opaque(k.initKey);
  encLeaf(w, k.leaf);
  w.list(k.extensions, encExtension);
}

export function encKeyPackage(w: Writer, k: KeyPackage): void {
  encKeyPackageBody(w, k);
  w.opaque(k.signature);
}

export function decKeyPackage(r: Reader): KeyPackage {
  return {
    version: r.u16(),
    suite: r.u16(),
    initKey: r.opaque(),
    leaf: decLeaf(r),
    extensions: r.list(decExtension),
    signature: r.opaque(),
  };
}

/** KeyPackageRef (§5.2). */
export const keyPackageRef = (s: Suite, k: KeyPackage): Bytes =>
  s.refHash(
    "MLS 1.0 KeyPackage Reference",
    encode((w) => encKeyPackage(w, k)),
  );

export const keyPackageTbs = (k: KeyPackage): Bytes => encode((w) => encKeyPackageBody(w, k));

/** A key package with its secrets. Group.join moves them out of it; the owner wipes them otherwise (forgetKeyPackage). */
export interface KeyPackagePrivate {
  kp: KeyPackage;
  initPriv: Bytes;
  encPriv: Bytes;
  signer: CryptoKey;
}

/**
 * Makes and signs a key package. notBefore and notAfter are Unix seconds; extensions are those of the leaf;
 * understood lists the extension types beyond the defaults that this client knows, in leaves and groups.
 */
export async function newKeyPackage(
  s: Suite,
  credential: Credential,
  signer: CryptoKey,
  sigKey: Bytes,
  notBefore: bigint,
  notAfter: bigint,
  extensions: Extension[] = [],
  understood: number[] = [],
): Promise<KeyPackagePrivate> {
  const [init, enc] = await Promise.all([s.generateKeyPair(), s.generateKeyPair()]);
  const leaf: LeafNode = {
    encKey: enc.pub,
    sigKey,
    credential,
    caps: {
      versions: [MLS10],
      suites: [s.id],
      extensions: understood,
      proposals: [],
      credentials: [credential.type],
    },
    source: SOURCE.keyPackage,
    notBefore,
    notAfter,
    parentHash: empty,
    extensions,
    signature: empty,
  };
  await signLeaf(s, leaf, signer, empty, 0);
  const kp: KeyPackage = {
    version: MLS10,
    suite: s.id,
    initKey: init.pub,
    leaf,
    extensions: [],
    signature: empty,
  };
  kp.signature = await s.sign(signer, "KeyPackageTBS", keyPackageTbs(kp));
  return { kp, initPriv: init.priv, encPriv: enc.priv, signer };
}

/** Wipes the secrets of a key package that will not be used. */
export function forgetKeyPackage(k: KeyPackagePrivate): void {
  wipe(k.initPriv, k.encPriv);
}
