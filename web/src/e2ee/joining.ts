/** Opening what the delivery service hands on of a group: the Welcome by which we join, and the commits of others. */
import type { Checks } from "./checks";
import { envelopeType } from "./envelope";
import type { Hosting } from "./hosting";
import type { Entry } from "./log";
import { CONTENT, decodeMessage, Group, type KeyPackagePrivate, type Message, SENDER } from "./mls";
import { checkGroup, type Standing, type Terms } from "./policy";
import type { GroupIn } from "./protocol";
import type { Sealing } from "./sealing";

/** Joins by a Welcome, or throws: it is checked whether it is to a group in which everybody may be. */
export async function joinGroup(
  terms: Terms,
  sealing: Sealing,
  checks: Checks,
  hosting: Hosting,
  own: KeyPackagePrivate,
  session: string,
  m: GroupIn & { type: "welcomed" },
): Promise<{ group: Group; standing: Standing }> {
  const message = decodeMessage(await sealing.open(envelopeType.welcome, m.epoch, m.body));
  if (message.wire !== 3) throw new Error("welcome: not a Welcome");
  const tree = await sealing.open(envelopeType.tree, m.epoch, m.tree);
  checks.joins();
  const group = await Group.join(checks.config, message.welcome, own, tree);
  try {
    if (checks.pskUses !== 1) throw new Error("welcome: it lacks the link's PSK, or has another");
    if (group.epoch !== BigInt(m.epoch)) throw new Error("welcome: to another epoch");
    const standing = await checkGroup(terms, group.ctx, group.members(), hosting.known);
    hosting.checkJoined(standing);
    if (standing.infos.get(group.me)?.session !== session)
      throw new Error("welcome: of another session");
    return { group, standing };
  } catch (e) {
    group.destroy();
    throw e;
  }
}

/** Opens another's commit. */
export async function readCommit(
  sealing: Sealing,
  m: Entry & { type: "committed" },
): Promise<Message & { wire: 1 }> {
  const message = decodeMessage(await sealing.open(envelopeType.commit, m.epoch, m.body));
  if (message.wire !== 1) throw new Error("commit: not a PublicMessage");
  const { contentType, sender } = message.auth.content;
  if (contentType !== CONTENT.commit || sender.type !== SENDER.member)
    throw new Error("commit: not a member's");
  return message;
}
