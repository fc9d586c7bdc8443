/** How one member goes from a link to the next (PROTOCOL.md 2.11). */
import { eq, random } from "./bytes";
import { MAX_OLD_LINKS, type OldLink } from "./card";
import type { Hosting } from "./hosting";
import type { Infos, Standing, Terms } from "./policy";
import type { AppPayload } from "./protocol";
import { makeNext, type NextLink, type OwnNext, openNext, readNext } from "./relink";
import type { Sealing } from "./sealing";

/** More than one there are only while two pages of the host change the link at once. */
const MAX_ANNOUNCED = 4;

/** The links by which somebody is in the group, and the present one. */
export function linksInUse(t: Terms, s: Standing): OldLink[] {
  const used = new Set([...s.infos.values()].map((i) => i.link));
  const older = (t.card.changed?.older ?? []).filter((o) => used.has(o.number));
  return [...older, { number: t.card.linkNumber, admission: t.keys.admission.slice() }];
}

export class Changing {
  constructor(
    private readonly terms: Terms,
    private readonly hosting: Hosting,
    private readonly sealing: Sealing,
  ) {}

  /** The next link, made by us who are the host; null when it cannot be: it is no longer wanted then. Each time another: of one that came to nothing somebody may know who has been removed since. */
  async make(s: Standing): Promise<OwnNext | null> {
    const { hosting, terms } = this;
    const older = linksInUse(terms, s);
    if (!hosting.hostSigner || older.length > MAX_OLD_LINKS) {
      hosting.wantsLink = false;
      return null;
    }
    const next = await makeNext(terms.room, terms.card, random(32), older, hosting.hostSigner);
    this.announce(next);
    return next;
  }

  /** Learns of the link that is to come. Throws unless it is by the host's word. */
  async take(said: AppPayload & { kind: "link" }): Promise<void> {
    const { secret, card, signature } = readNext(said);
    this.announce(await openNext(this.terms.room, this.terms.card, secret, card, signature));
  }

  private announce(n: NextLink): void {
    const list = this.terms.announced.filter((a) => !eq(a.cardHash, n.cardHash));
    this.terms.announced = [...list, n].slice(-MAX_ANNOUNCED);
  }

  /** Goes on with another link, which began with that epoch. infos: of that. */
  changed({ keys, card, cardHash }: NextLink, epoch: number, infos: Infos): void {
    this.sealing.relink(epoch);
    Object.assign(this.terms, { keys, card, cardHash, announced: [] });
    this.hosting.relinked(infos);
  }
}
