/** How one looks at a meeting: grid or speaker, who is pinned, which page. Kept on this device, told to nobody. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Store } from "./env";
import type { Corner, LayoutModel } from "./model";

/** ms that somebody stays in the large picture: shorter and a cough takes it, longer and it lags behind the talk. */
const LEAD_HOLD = 2_000;

/** Who is in the large picture of the speaker view, and since when. */
export interface Lead {
  session: string;
  since: number; // ms
}

/** Who leads now: whoever does goes on while speaking, and for a moment in any case; we never lead ourselves. */
export function nextLead(lead: Lead, speaking: ReadonlySet<string>, me: string, now: number): Lead {
  if (lead.session && speaking.has(lead.session)) return lead;
  if (lead.session && now - lead.since < LEAD_HOLD) return lead;
  for (const session of speaking) if (session !== me) return { session, since: now };
  return lead;
}

const MODE = "layout";
const OWN = "own-view";
const PLACE = "own-place";
const corners: readonly Corner[] = ["", "end-bottom", "start-bottom", "start-top", "end-top"];

export class Layout implements LayoutModel {
  readonly mode;
  readonly ownHidden;
  readonly ownPlace;
  readonly pinned = signal("");
  readonly audioOnly = signal(false);
  readonly page = signal(0);
  private readonly leading = signal<Lead>({ session: "", since: 0 });

  constructor(private readonly store: Store) {
    this.mode = signal<"grid" | "speaker">(store.get(MODE) === "speaker" ? "speaker" : "grid");
    this.ownHidden = signal(store.get(OWN) === "hidden");
    const place = store.get(PLACE);
    this.ownPlace = signal<Corner>(corners.find((c) => c === place) ?? "");
  }

  get lead(): ReadonlySignal<Lead> {
    return this.leading;
  }

  /** To be called again and again: whoever goes on speaking leads when the moment of another is over. */
  hear(speaking: ReadonlySet<string>, me: string, now: number): void {
    this.leading.value = nextLead(this.leading.value, speaking, me, now);
  }

  setMode(mode: "grid" | "speaker"): void {
    this.mode.value = mode;
    this.page.value = 0;
    this.store.set(MODE, mode);
  }

  /** Pinning what is pinned lets it go. */
  pin(key: string): void {
    this.pinned.value = this.pinned.value === key ? "" : key;
    this.page.value = 0;
  }

  hideOwn(hidden: boolean): void {
    this.ownHidden.value = hidden;
    this.store.set(OWN, hidden ? "hidden" : "shown");
  }

  moveOwn(to?: Corner): void {
    const next = corners[(corners.indexOf(this.ownPlace.value) + 1) % corners.length] ?? "";
    this.ownPlace.value = to ?? next;
    this.store.set(PLACE, this.ownPlace.value);
  }

  setAudioOnly(on: boolean): void {
    this.audioOnly.value = on;
  }

  turnTo(page: number): void {
    this.page.value = Math.max(0, page);
  }
}
