/** What the MLS library asks of us: the link's PSK, the time, and whether a commit keeps our profile's rules. */
import { eq } from "./bytes";
import type { Clock } from "./clock";
import { linkPskId } from "./link";
import { type Config, PSK } from "./mls";
import { MAX_LIFETIME } from "./newleaf";
import { checkCommit, linkAfter, nobody, type Standing, type Terms } from "./policy";
import type { NextLink } from "./relink";

export class Checks {
  readonly config: Config;
  /** How often the link's PSK was asked for. */
  pskUses = 0;
  /** The link of the commit at hand, where it is another than the present one. */
  private next: NextLink | undefined;
  /** What the last commit that was checked leads to. */
  checked = nobody;
  /** The last commit that was checked breaks the rules. */
  broken = false;

  /** standing: of the epoch that a commit would end. */
  constructor(terms: Terms, clock: Clock, standing: () => Standing) {
    this.config = {
      now: () => Math.floor(clock.wall() / 1000),
      maxLifetime: MAX_LIFETIME,
      psk: (id) => {
        this.pskUses++;
        const { card, keys } = this.next ?? terms;
        const known = id.type === PSK.external && eq(id.id, linkPskId(card.linkNumber));
        return known ? keys.psk : undefined;
      },
      checkCommit: async (c) => {
        this.broken = true;
        this.next = linkAfter(terms, c);
        this.checked = await checkCommit(terms, c, standing(), this.next);
        this.broken = false;
      },
    };
  }

  /** A Welcome is at hand, which is to the present link. */
  joins(): void {
    this.pskUses = 0;
    this.next = undefined;
  }
}
