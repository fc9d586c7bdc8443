/** Which device was plugged in: pure. */
import type { Device } from "./model";

/** Names that stand for another device in the list: they are never new. */
const aliases = new Set(["default", "communications", ""]);

/** The one device that was plugged in; null when nothing was known before, or it is not clear which. */
export function plugged(before: readonly Device[], after: readonly Device[]): Device | null {
  if (before.length === 0) return null;
  const known = new Set(before.map((d) => d.id));
  const fresh = after.filter((d) => !known.has(d.id) && !aliases.has(d.id));
  return fresh.length === 1 ? (fresh[0] ?? null) : null;
}
