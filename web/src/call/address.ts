/** Where the meeting is to be found again: its link, which the host may change while we are in (PROTOCOL.md 2.11). */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import { formatLink } from "../e2ee/link";
import type { FromWorker } from "../e2ee/protocol";
import type { Env } from "./env";
import type { Known } from "./meeting";
import { linkStays } from "./problems";
import { msg, t } from "./words";

/** All pages of a meeting hear of a new link at once, maybe from one address. */
const SPREAD = 30_000; // ms

export interface AddressEvents {
  changed(): void;
  /** Tells people, with a way to copy the link. */
  tell(text: string, label: string): void;
  warn(text: string): void;
  isHost(): boolean;
}

export class Address {
  private readonly now: Signal<string>;
  readonly link: ReadonlySignal<string>;

  /** known is kept up to date, for who comes back by it. */
  constructor(
    private readonly known: Known,
    private readonly env: Pick<Env, "origin" | "http" | "after" | "random">,
    private readonly events: AddressEvents,
  ) {
    this.now = signal(known.link);
    this.link = this.now;
  }

  /** Follows the worker; returns what ends that. */
  listen(client: Pick<CryptoClient, "on">): () => void {
    const offs = [
      client.on("relinked", (m) => this.change(m)),
      client.on("link_stays", () => this.events.warn(linkStays)),
    ];
    return () => {
      for (const off of offs) off();
    };
  }

  /** Another link holds from here on. */
  private change({ secret, token, order }: FromWorker & { type: "relinked" }): void {
    const { known, env } = this;
    const { permit: _, number: __, relink: ___, ...create } = known.create;
    known.token = token;
    known.secret = new Uint8Array(secret);
    known.link = formatLink(env.origin, known.room, secret);
    known.create = {
      ...create,
      tokenHash: order.tokenHash,
      card: order.card,
    };
    this.now.value = known.link;
    this.events.changed();
    const text = this.events.isHost()
      ? t("The meeting has a new link. Send it to those who are still to come.")
      : t("The host has changed the invitation link. By the old one nobody comes in any more.");
    this.events.tell(text, msg("Copy the new link"));
    // What makes the room again is the host's order, and a permit for this link: the server has both.
    env.after(env.random() * SPREAD, () => void this.ask(token));
  }

  private async ask(token: Uint8Array): Promise<void> {
    const looked = await this.env.http.look(this.known.room, token).catch(() => null);
    if (!looked || this.known.token !== token) return;
    const { permit, number, relink } = looked;
    const { create } = this.known;
    if (permit) create.permit = permit;
    if (number && relink) Object.assign(create, { number, relink });
  }
}
