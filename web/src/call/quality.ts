/** How people's connections do, in words and for the marks beside names. */
import type { Quality } from "./peers";
import { msg } from "./words";

/** What a mark says: nothing, a weak connection, or one over which pictures do not come. */
export type Mark = "" | "weak" | "stopped";

/** The worse of both ways, as seen by others: whoever does not get pictures is hindered as much as who cannot send them. */
export function markOf(q: Quality | undefined): Mark {
  if (!q) return "";
  if (q.up === "paused" || q.down === "paused") return "stopped";
  return q.up === "limited" || q.down === "limited" ? "weak" : "";
}

/** The mark in words, ours and theirs alike; "" for none. */
export function markText(mark: Mark): string {
  switch (mark) {
    case "weak":
      return msg("weak connection");
    case "stopped":
      return msg("connection too weak for pictures");
    default:
      return "";
  }
}
