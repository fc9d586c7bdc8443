/** What the security panel says. */
import type { Security } from "./model";

export const serverSees = [
  "Internet addresses, and when somebody is here",
  "How much is sent and when, and which sources are switched on",
  "How many take part, and how often keys change",
];

export const serverDoesNotSee = [
  "Names and the meeting's title",
  "Pictures and voices",
  "Chat messages",
  "Who is speaking",
];

export interface SecurityInput {
  connection: "connecting" | "connected" | "reconnecting";
  member: boolean;
  code: string[];
  epoch: number;
  codec: string;
}

export function securityOf(s: SecurityInput): Security {
  const sealed = s.member && s.connection === "connected";
  const codec = s.codec.replace(/^video\//i, "").toUpperCase() || "VP8";
  return {
    seal:
      s.connection === "reconnecting" ? "Reconnecting" : s.member ? "Sealed" : "Waiting for keys",
    sealed,
    code: s.code,
    epoch: s.epoch,
    suite: "MLS with X25519, AES-128-GCM, SHA-256, Ed25519",
    media: `${codec} and Opus, sealed with AES-128-GCM (SFrame)`,
    serverSees,
    serverDoesNotSee,
  };
}
