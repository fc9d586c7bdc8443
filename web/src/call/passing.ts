/** Which messages of the server are the worker's: passed on as they are. */
import type { GroupIn } from "../e2ee/protocol";
import type { ServerMessage } from "../wire/wire.gen";

const groupTypes = new Set<string>([
  "peers",
  "arrived",
  "left",
  "away",
  "founded",
  "reset",
  "marked",
  "asked",
  "committed",
  "commit_refused",
  "welcomed",
  "said",
  "beat_of",
  "caught_up",
  "gap",
] satisfies GroupIn["type"][]);

export function isGroupMessage(
  m: ServerMessage,
): m is Extract<ServerMessage, { type: GroupIn["type"] }> {
  return groupTypes.has(m.type);
}
