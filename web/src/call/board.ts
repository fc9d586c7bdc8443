/** The board that all draw on: what is on it, by whom, and what of it is ours. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { MAX_COORDINATE, MAX_POINTS, MAX_STROKE_TEXT, MAX_STROKES } from "../e2ee/board";
import { validLine } from "../e2ee/content";
import type { AppPayload, Stroke } from "../e2ee/protocol";
import type { BoardModel, DrawnStroke, Notice } from "./model";
import { msg } from "./words";

/** Of one session; more are not taken. */
const KEPT = 500;
/** Of all, who left included: who comes again and again fills nobody's memory. */
const KEPT_IN_ALL = 5000;
/** Numbers of one stroke of ours: longer lines are thinned out. */
const LONGEST = 512;

type Said = AppPayload & { kind: "draw" | "erase" };

/** A point of ours on the board. */
const onBoard = (n: number): number => Math.min(MAX_COORDINATE, Math.max(0, Math.round(n)));

/** Every second point of a line, its ends included, until it is short enough to be said. */
export function thin(points: readonly number[]): number[] {
  let out = points.map(onBoard);
  while (out.length > LONGEST) {
    const last = out.slice(-2);
    out = [...out.slice(0, -2).filter((_, i) => Math.floor(i / 2) % 2 === 0), ...last];
  }
  return out;
}

/** As few messages as will do. */
export function pack(strokes: readonly Stroke[]): Stroke[][] {
  const out: Stroke[][] = [];
  let points = 0;
  for (const s of strokes) {
    const last = out.at(-1);
    points += s.points.length;
    if (last && last.length < MAX_STROKES && points <= MAX_POINTS) last.push(s);
    else {
      out.push([s]);
      points = s.points.length;
    }
  }
  return out;
}

export interface BoardEvents {
  /** Seals it for the group; false: there is none yet. */
  say(payload: AppPayload): boolean;
  me(): string;
  random(): number;
  /** Somebody else draws on a board that was empty. */
  begun(name: string, action: Notice["action"]): void;
}

export class Board implements BoardModel {
  private readonly all = signal<readonly DrawnStroke[]>([]);
  readonly strokes: ReadonlySignal<readonly DrawnStroke[]> = this.all;
  private readonly shown = signal(false);
  readonly open: ReadonlySignal<boolean> = this.shown;
  readonly own: ReadonlySignal<number> = computed(
    () => this.all.value.filter((s) => s.session === this.events.me()).length,
  );

  constructor(private readonly events: BoardEvents) {}

  /** What somebody draws or erases, ourselves included. */
  take(session: string, name: string, said: Said): void {
    if (said.kind === "erase") {
      const gone = new Set(said.ids);
      this.all.value = this.all.value.filter((s) => s.session !== session || !gone.has(s.id));
      return;
    }
    const before = this.all.value;
    const known = new Set(before.filter((s) => s.session === session).map((s) => s.id));
    const fresh: DrawnStroke[] = [];
    for (const s of said.strokes) {
      if (known.has(s.id)) continue; // said again for somebody who joined
      if (known.size >= KEPT || before.length + fresh.length >= KEPT_IN_ALL) break;
      known.add(s.id);
      fresh.push({ ...s, session, name });
    }
    if (fresh.length === 0) return;
    this.all.value = [...before, ...fresh];
    if (before.length > 0 || session === this.events.me() || this.shown.value) return;
    this.events.begun(name, { label: msg("Open"), run: () => this.show(true) });
  }

  draw(stroke: Omit<Stroke, "id">): boolean {
    const text = stroke.text.trim();
    if (stroke.shape === "text" && !validLine(text, MAX_STROKE_TEXT)) return false;
    const digit = (): string => Math.floor(this.events.random() * 16).toString(16);
    const id = Array.from({ length: 16 }, digit).join("");
    const points = thin(stroke.points);
    return this.events.say({ kind: "draw", strokes: [{ ...stroke, id, points, text }] });
  }

  show(on: boolean): void {
    this.shown.value = on;
  }

  /** Takes our last stroke off the board. */
  undo(): void {
    const last = this.all.value.findLast((s) => s.session === this.events.me());
    if (last) this.events.say({ kind: "erase", ids: [last.id] });
  }

  /** Takes all of ours off. */
  clear(): void {
    const ids = this.ours().map((s) => s.id);
    for (let i = 0; i < ids.length; i += MAX_STROKES)
      this.events.say({ kind: "erase", ids: ids.slice(i, i + MAX_STROKES) });
  }

  private ours(): DrawnStroke[] {
    return this.all.value.filter((s) => s.session === this.events.me());
  }

  /** Tells somebody who joined what we drew. */
  repeat(): void {
    const plain = this.ours().map(({ id, shape, ink, size, points, text }) => {
      return { id, shape, ink, size, points, text };
    });
    for (const strokes of pack(plain)) this.events.say({ kind: "draw", strokes });
  }
}
