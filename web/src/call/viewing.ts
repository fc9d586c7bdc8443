/** Tells the server which pictures we want, when that changes. */
import type { ClientMessage } from "../wire/wire.gen";
import type { TileModel } from "./model";
import type { Timers } from "./timers";
import { type Sizes, wanted } from "./view";

const DELAY = 150; // ms in which several changes are told at once
const NOTHING = JSON.stringify([]);

export class Viewing {
  private sizes: Sizes = new Map();
  private last = "";
  private looked = false; // at a picture, once

  constructor(
    private readonly timers: Timers,
    /** The tiles whose pictures are wanted, on the screen or not. */
    private readonly tiles: () => readonly TileModel[],
    private readonly saving: () => boolean,
    private readonly send: (m: ClientMessage) => void,
  ) {}

  setSizes(sizes: Sizes): void {
    this.sizes = new Map(sizes);
    // Who comes back to a page that was hidden looks at it already.
    if (this.looked && this.last === NOTHING && sizes.size > 0) this.now(false);
    else this.soon();
  }

  soon(): void {
    this.timers.once("view", DELAY, () => this.now(false));
  }

  /** anyway: also when it is what was told last. */
  now(anyway: boolean): void {
    const view = wanted(this.tiles(), this.sizes, this.saving());
    const text = JSON.stringify(view);
    if (text === this.last && !anyway) return;
    this.last = text;
    this.looked ||= view.length > 0;
    this.send({ type: "view", tiles: view });
  }

  /** A new session: the server knows of no view. */
  restart(): void {
    this.last = "";
    this.soon();
  }
}
