/** Update paths (RFC 9420 §7.4 to §7.6): making, applying and opening them. */
import { type Bytes, empty, encode, eq, hex, wipe } from "./codec";
import { type LeafNode, SOURCE, signLeaf, verifyLeafSignature } from "./leaf";
import { encGroupContext, type GroupContext, type UpdatePath } from "./messages";
import { random } from "./suite";
import { keyOf, type Step, type Tree } from "./tree";
import { below } from "./treemath";

/** Private keys by node index. Every value is owned by the map's owner alone, who wipes it. */
export type PrivateKeys = Map<number, Bytes>;

/** The nodes of a resolution to encrypt to: leaves added by the same commit get a Welcome instead. */
const receivers = (step: Step, exclude: readonly number[]): number[] =>
  step.resolution.filter((x) => x % 2 === 1 || !exclude.includes(x / 2));

/**
 * Derives the private keys of the path's nodes from the secret of the first, and returns the commit secret.
 * Throws when a node's public key is another one. Wipes secret.
 */
export async function implant(
  t: Tree,
  keys: PrivateKeys,
  path: readonly number[],
  secret: Bytes,
): Promise<Bytes> {
  let current = secret;
  const jobs: Promise<void>[] = [];
  for (const x of path) {
    const ikm = t.suite.derive(current, "node");
    jobs.push(
      t.suite.deriveKeyPair(ikm).then(({ priv, pub }) => {
        wipe(ikm);
        const n = t.node(x);
        if (!n || !eq(pub, keyOf(n))) {
          wipe(priv);
          throw new Error("mls: a path secret does not fit its node");
        }
        wipe(keys.get(x));
        keys.set(x, priv);
      }),
    );
    const next = t.suite.derive(current, "path");
    wipe(current);
    current = next;
  }
  await Promise.all(jobs);
  return current;
}

export interface Encapsulated {
  path: UpdatePath;
  keys: PrivateKeys;
  /** Path secrets by node, for Welcomes. The caller wipes them. */
  secrets: Map<number, Bytes>;
  commitSecret: Bytes;
}

/**
 * Gives leaf i and its path fresh keys, in t itself, and encrypts them to everyone else but exclude.
 * contextFor makes the provisional GroupContext from the tree hash.
 */
export async function encap(
  t: Tree,
  i: number,
  signer: CryptoKey,
  groupId: Bytes,
  exclude: readonly number[],
  contextFor: (treeHash: Bytes) => GroupContext,
): Promise<Encapsulated> {
  const s = t.suite;
  const own = t.leaf(i);
  if (!own) throw new Error("mls: a path from a blank leaf");
  const steps = t.filteredPath(i);
  const secrets = new Map<number, Bytes>();
  let next = random(s.hashSize);
  for (const step of steps) {
    secrets.set(step.node, next);
    next = s.derive(next, "path");
  }
  const pairs = await Promise.all(
    steps.map(async (step) => {
      const ikm = s.derive(secrets.get(step.node)!, "node");
      const pair = await s.deriveKeyPair(ikm);
      wipe(ikm);
      return pair;
    }),
  );
  const parentHash = t.setPath(
    i,
    steps,
    pairs.map((p) => p.pub),
  );
  const leafPair = await s.generateKeyPair();
  const leaf: LeafNode = {
    ...own,
    encKey: leafPair.pub,
    source: SOURCE.commit,
    parentHash,
    notBefore: 0n,
    notAfter: 0n,
    signature: empty,
  };
  await signLeaf(s, leaf, signer, groupId, i);
  t.set(2 * i, { leaf });
  const context = encode((w) => encGroupContext(w, contextFor(t.hash())));
  const nodes = await Promise.all(
    steps.map(async (step, k) => {
      const secret = secrets.get(step.node)!;
      const sealed = receivers(step, exclude).map((x) =>
        s.encryptLabel(keyOf(t.node(x)!), "UpdatePathNode", context, secret),
      );
      return { key: pairs[k]!.pub, secrets: await Promise.all(sealed) };
    }),
  );
  const keys: PrivateKeys = new Map(steps.map((step, k) => [step.node, pairs[k]!.priv]));
  keys.set(2 * i, leafPair.priv);
  return { path: { leaf, nodes }, keys, secrets, commitSecret: next };
}

/** Puts the public half of a received path into t, and returns its steps. Throws where §12.4.2 or §7.9 say so. */
export async function applyPath(
  t: Tree,
  i: number,
  path: UpdatePath,
  groupId: Bytes,
): Promise<Step[]> {
  if (path.leaf.source !== SOURCE.commit)
    throw new Error("mls: the leaf of a path is of no commit");
  await verifyLeafSignature(t.suite, path.leaf, groupId, i);
  const steps = t.filteredPath(i);
  if (steps.length !== path.nodes.length) throw new Error("mls: the path has another length");
  for (const n of path.nodes) t.suite.checkKey(n.key);
  const seen = t.keys();
  for (const key of [path.leaf.encKey, ...path.nodes.map((n) => n.key)]) {
    const id = hex(key);
    if (seen.has(id)) throw new Error("mls: the path reuses an encryption key");
    seen.add(id);
  }
  const parentHash = t.setPath(
    i,
    steps,
    path.nodes.map((n) => n.key),
  );
  if (!eq(parentHash, path.leaf.parentHash))
    throw new Error("mls: the path has another parent hash");
  t.set(2 * i, { leaf: path.leaf });
  return steps;
}

/** Throws unless the path has one ciphertext for each receiver (§12.4.2). */
export function checkPathSecrets(
  steps: readonly Step[],
  path: UpdatePath,
  exclude: readonly number[],
): void {
  steps.forEach((step, k) => {
    if (path.nodes[k]?.secrets.length !== receivers(step, exclude).length) {
      throw new Error("mls: the path has another number of secrets");
    }
  });
}

/** Opens a received path as leaf me, adds its private keys to keys, and returns the commit secret. */
export async function decap(
  t: Tree,
  me: number,
  keys: PrivateKeys,
  steps: readonly Step[],
  path: UpdatePath,
  exclude: readonly number[],
  context: Bytes,
): Promise<Bytes> {
  const k = steps.findIndex((step) => below(2 * me, step.copath));
  const step = steps[k];
  if (step) {
    const to = receivers(step, exclude);
    const j = to.findIndex((x) => keys.has(x) && below(2 * me, x));
    const sealed = path.nodes[k]?.secrets[j];
    const key = keys.get(to[j] ?? -1);
    if (sealed && key) {
      const secret = await t.suite.decryptLabel(key, "UpdatePathNode", context, sealed);
      const above = steps.slice(k).map((x) => x.node);
      return implant(t, keys, above, secret);
    }
  }
  throw new Error("mls: the path holds nothing for us");
}
