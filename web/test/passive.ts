/** Recorded groups that a member follows: the passive client of the official vectors. For tests only. */
import { Group } from "../src/e2ee/mls/group";
import { getSuite } from "../src/e2ee/mls/suite";
import * as T from "../src/e2ee/mls/types";
import { same, unhex } from "./vectors";

/** A member that only follows, in the form of the official vectors. */
export interface Passive {
  cipher_suite: number;
  external_psks: { psk_id: string; psk: string }[];
  key_package: string;
  signature_priv: string;
  encryption_priv: string;
  init_priv: string;
  welcome: string;
  ratchet_tree: string | null;
  initial_epoch_authenticator: string;
  epochs: { proposals: string[]; commit: string; epoch_authenticator: string }[];
}

/** Joins and follows; throws where an epoch is another. */
export async function passive(v: Passive): Promise<void> {
  const s = getSuite(v.cipher_suite);
  const psks = new Map(v.external_psks.map((p) => [p.psk_id, unhex(p.psk)]));
  const config = {
    psk: (id: T.PSKID) => psks.get(Buffer.from(id.id).toString("hex")),
    maxLifetime: Number.POSITIVE_INFINITY,
    now: () => 1_700_000_000,
  };
  const kp = T.decodeMessage(unhex(v.key_package));
  const welcome = T.decodeMessage(unhex(v.welcome));
  if (kp.wire !== 5 || welcome.wire !== 3) throw new Error("other messages");
  await T.verifyKP(s, kp.keyPackage);
  const own = {
    kp: kp.keyPackage,
    initPriv: unhex(v.init_priv),
    encPriv: unhex(v.encryption_priv),
    signer: await s.importSigner(unhex(v.signature_priv)),
  };
  const tree = v.ratchet_tree === null ? undefined : unhex(v.ratchet_tree);
  let g = await Group.join(config, welcome.welcome, own, tree);
  same(g.epochAuthenticator, v.initial_epoch_authenticator, "first epoch");
  for (const e of v.epochs) {
    for (const p of e.proposals) await g.process(T.decodeMessage(unhex(p)));
    const ev = await g.process(T.decodeMessage(unhex(e.commit)));
    if (!ev.next) throw new Error("removed");
    g.retire();
    g = ev.next;
    same(g.epochAuthenticator, e.epoch_authenticator, `epoch ${g.epoch}`);
  }
}
