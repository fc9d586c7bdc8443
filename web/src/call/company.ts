/** Who is in the meeting: members by the group's word, what they have switched on, and the notices of coming and going. */
import { batch, type ReadonlySignal, signal } from "@preact/signals-core";
import type { FromWorker, Member, Phase } from "../e2ee/protocol";
import type { Notice } from "./model";
import { arrival } from "./notices";
import { Peers } from "./peers";
import { doubtOf } from "./roster";
import { keepOrder } from "./tiles";
import { t } from "./words";

export interface Group {
  phase: Phase;
  epoch: number;
  /** The roster code in groups of digits; empty outside a group. */
  code: string[];
  /** The same in emoji. */
  emoji: string[];
}

const none: Group = { phase: "idle", epoch: 0, code: [], emoji: [] };

export interface CompanyEvents {
  /** Tells the person something, as Notices.add does. */
  tell(text: string, kind?: Notice["kind"], action?: Notice["action"]): number;
  /** Takes back what was told under that number. */
  untell(number: number): void;
  /** Shows the numbers to compare. */
  compare(): void;
}

export class Company {
  private readonly ownSession = signal("");
  private readonly byLeaf = signal<ReadonlyMap<string, Member>>(new Map());
  private readonly places = signal<readonly string[]>([]);
  private readonly state = signal<Group>(none);
  /** Our own session; "" before there is one. */
  readonly me: ReadonlySignal<string> = this.ownSession;
  /** By session, ourselves included. */
  readonly members: ReadonlySignal<ReadonlyMap<string, Member>> = this.byLeaf;
  /** Sessions in order of appearance, our own first. */
  readonly order: ReadonlySignal<readonly string[]> = this.places;
  readonly group: ReadonlySignal<Group> = this.state;
  readonly peers = new Peers();
  /** The warnings of people that are up until they are pressed or settled, by session. */
  private readonly warned = new Map<string, number>();
  /** What the others are to be told when we leave; none before we are in the group. */
  goodbye: Uint8Array | undefined;

  constructor(private readonly events: CompanyEvents) {}

  /** A session of ours begins: nobody of before counts. */
  restart(session: string): void {
    batch(() => {
      this.ownSession.value = session;
      this.peers.clear();
      this.byLeaf.value = new Map();
      this.state.value = none;
    });
    this.goodbye = undefined;
    this.settle(); // who is still here is warned of anew
  }

  phase({ phase, epoch }: FromWorker & { type: "phase" }): void {
    const { code, emoji } = phase === "member" ? this.state.value : none;
    this.state.value = { phase, epoch, code, emoji };
  }

  /**
   * Takes the members of an epoch. Reports whether one came, who has heard nothing of what is on. Whoever was out of the group
   * and comes back in the same session is no newcomer to people, and has heard nothing either; where that is we, nobody has.
   */
  roster(m: FromWorker & { type: "roster" }): boolean {
    const before = this.byLeaf.value;
    const came = m.members.some((o) => before.get(o.session)?.id !== o.id);
    const fresh = m.members.filter((o) => !o.self && !before.has(o.session));
    batch(() => {
      this.byLeaf.value = new Map(m.members.map((o) => [o.session, o]));
      this.places.value = keepOrder(this.places.value, m.members);
      this.state.value = { phase: "member", epoch: m.epoch, code: m.code, emoji: m.emoji };
    });
    this.settle();
    for (const o of fresh) this.welcome(o, before.size > 0);
    return came && m.members.length > 1;
  }

  /** Says who came, unless we came to them; and in any case when it may be somebody else than it seems. */
  private welcome(m: Member, later: boolean): void {
    const doubt = doubtOf(m, this.byLeaf.value);
    const text = arrival(m.name, doubt, later);
    if (doubt) {
      const action = { label: "Compare numbers", run: this.events.compare };
      this.warned.set(m.session, this.events.tell(text, "warn", action));
    } else if (text) this.events.tell(text);
  }

  /** Takes back the warnings of who has left, and of who is not doubtful any more. */
  private settle(): void {
    for (const [session, number] of this.warned) {
      const m = this.byLeaf.value.get(session);
      if (m && doubtOf(m, this.byLeaf.value)) continue;
      this.warned.delete(session);
      this.events.untell(number);
    }
  }

  /** Says that all begin anew, by whose order. */
  restarted(session: string): void {
    const name = this.byLeaf.value.get(session)?.name;
    this.events.tell(
      session === this.me.value || !name
        ? t("New keys are made for everyone.")
        : t("{name} has new keys made for everyone.", { name }),
    );
  }

  /** Says who left. That somebody meant to is his own word, not the server's. */
  gone({ session, meant, reason }: FromWorker & { type: "parted" }): void {
    const name = this.byLeaf.value.get(session)?.name;
    if (!name) return;
    const lost = !meant && (reason === "lost" || reason === "left");
    this.events.tell(lost ? t("{name} lost the connection", { name }) : t("{name} left", { name }));
  }

  /** The sessions of all others in the group. */
  others(): string[] {
    return [...this.byLeaf.value.values()].filter((m) => !m.self).map((m) => m.session);
  }
}
