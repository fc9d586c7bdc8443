/** How people's connections do, in words and for the marks beside names. */
import type { Quality } from "./peers";
import { msg } from "./words";

/** What a mark says: nothing, a weak connection, one that is weak because much is lost or comes late, or one over which pictures do not come. */
export type Mark = "" | "weak" | "lossy" | "late" | "stopped";

/** The worse of both ways, as seen by others: whoever does not get pictures is hindered as much as who cannot send them. */
export function markOf(q: Quality | undefined): Mark {
  if (!q) return "";
  if (q.up === "paused" || q.down === "paused") return "stopped";
  if (q.up !== "limited" && q.down !== "limited") return "";
  const causes = [q.upCause, q.downCause];
  return causes.includes("loss") ? "lossy" : causes.includes("delay") ? "late" : "weak";
}

/** How a mark looks. */
export const markKind = (mark: Mark): "" | "weak" | "stopped" =>
  mark === "lossy" || mark === "late" ? "weak" : mark;

/** The mark in words, ours and theirs alike; "" for none. */
export function markText(mark: Mark): string {
  switch (mark) {
    case "weak":
      return msg("weak connection");
    case "lossy":
      return msg("weak connection, much is lost on the way");
    case "late":
      return msg("weak connection, everything comes late");
    case "stopped":
      return msg("connection too weak for pictures");
    default:
      return "";
  }
}
