/** A fresh leaf of ours (PROTOCOL.md 2.4, 2.5): new keys, new member id, said to be ours by device key and link. */
import { random } from "./bytes";
import {
  CARD_EXTENSION,
  type Device,
  LEAF_EXTENSION,
  makeLeafInfo,
  POLICY_EXTENSION,
} from "./leaf";
import { CREDENTIAL, type KeyPackagePrivate, newKeyPackage, type Suite } from "./mls";
import type { Terms } from "./policy";

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Clocks differ by less than an hour, meetings begin within a day. In seconds. */
export const MAX_LIFETIME = HOUR + DAY;

/** wall is Unix time in milliseconds. */
export async function makeLeaf(
  suite: Suite,
  t: Terms,
  device: Device,
  session: string,
  name: string,
  wall: number,
): Promise<KeyPackagePrivate> {
  const signer = await suite.generateSigner();
  const identity = random(16);
  const context = {
    room: t.room,
    linkNumber: t.card.linkNumber,
    memberId: identity,
    signatureKey: signer.pub,
  };
  const data = await makeLeafInfo(t.keys.admission, context, device, session, name);
  const now = Math.floor(wall / 1000);
  return newKeyPackage(
    suite,
    { type: CREDENTIAL.basic, identity },
    signer.priv,
    signer.pub,
    BigInt(now - HOUR),
    BigInt(now + DAY),
    [{ type: LEAF_EXTENSION, data }],
    [LEAF_EXTENSION, CARD_EXTENSION, POLICY_EXTENSION],
  );
}
