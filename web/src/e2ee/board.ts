/** What is drawn on the board: its forms (PROTOCOL.md 2.7). */
import { isId, validLine } from "./content";
import type { AppPayload, Stroke } from "./protocol";

export const MAX_STROKES = 64;
/** Numbers, of all strokes of one message. */
export const MAX_POINTS = 2048;
export const MAX_STROKE_TEXT = 120; // characters
export const MAX_COORDINATE = 4095;
const MAX_INK = 5;
const MAX_PEN = 3;

const shapes = ["pen", "line", "box", "oval", "text"] as const;

const within = (n: unknown, least: number, most: number): n is number =>
  Number.isInteger(n) && (n as number) >= least && (n as number) <= most;

/** Numbers that a shape has; 0: any even number from 2 on. */
const numbers = { pen: 0, line: 4, box: 4, oval: 4, text: 2 };

function readStroke(v: unknown): Stroke {
  if (typeof v !== "object" || v === null) throw new Error("app: bad stroke");
  const { id, shape, ink, size, points, text } = v as Record<string, unknown>;
  const known = shapes.find((s) => s === shape);
  if (!isId(id) || !known || !within(ink, 0, MAX_INK) || !within(size, 1, MAX_PEN))
    throw new Error("app: bad stroke");
  if (!Array.isArray(points) || points.length < 2 || points.length % 2 !== 0)
    throw new Error("app: bad points");
  if (numbers[known] > 0 && points.length !== numbers[known]) throw new Error("app: bad points");
  if (!points.every((p) => within(p, 0, MAX_COORDINATE))) throw new Error("app: bad points");
  const fine = known === "text" ? validLine(text, MAX_STROKE_TEXT) : text === "";
  if (!fine) throw new Error("app: bad text");
  return { id, shape: known, ink, size, points, text: text as string };
}

/** The payload of one of these kinds, or null for another kind; throws for what is malformed. */
export function readBoard(o: Record<string, unknown>): AppPayload | null {
  if (o.kind === "erase") {
    const { ids } = o;
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_STROKES || !ids.every(isId))
      throw new Error("app: bad strokes to erase");
    return { kind: "erase", ids };
  }
  if (o.kind !== "draw") return null;
  if (!Array.isArray(o.strokes) || o.strokes.length === 0 || o.strokes.length > MAX_STROKES)
    throw new Error("app: bad number of strokes");
  const strokes = o.strokes.map(readStroke);
  if (strokes.reduce((n, m) => n + m.points.length, 0) > MAX_POINTS)
    throw new Error("app: too many points");
  return { kind: "draw", strokes };
}
