/** What the MLS library asks of us: the link's PSK, the time, and whether a commit keeps our profile's rules. */
import { eq } from "./bytes";
import type { Clock } from "./clock";
import { linkPskId } from "./link";
import { type Config, PSK } from "./mls";
import { MAX_LIFETIME } from "./newleaf";
import { checkCommit, nobody, type Standing, type Terms } from "./policy";

export class Checks {
  readonly config: Config;
  /** How often the link's PSK was asked for. */
  pskUses = 0;
  /** What the last commit that was checked leads to. */
  checked = nobody;
  /** The last commit that was checked breaks the rules. */
  broken = false;

  /** standing: of the epoch that a commit would end. */
  constructor(terms: Terms, clock: Clock, standing: () => Standing) {
    const link = linkPskId(terms.card.linkNumber);
    this.config = {
      now: () => Math.floor(clock.wall() / 1000),
      maxLifetime: MAX_LIFETIME,
      psk: (id) => {
        this.pskUses++;
        return id.type === PSK.external && eq(id.id, link) ? terms.keys.psk : undefined;
      },
      checkCommit: async (c) => {
        this.broken = true;
        this.checked = await checkCommit(terms, c, standing());
        this.broken = false;
      },
    };
  }
}
