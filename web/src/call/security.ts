/** What the security panel says. */
import type { Security } from "./model";
import { msg, t } from "./words";

const serverSees = [
  msg("Internet addresses, and when somebody is here"),
  msg("How much is sent and when, and which sources are switched on"),
  msg("How many take part, and how often keys change"),
];

const serverDoesNotSee = [
  msg("Names and the meeting's title"),
  msg("Pictures and voices"),
  msg("Chat messages"),
];

export interface SecurityInput {
  connection: "connecting" | "connected" | "reconnecting";
  member: boolean;
  code: string[];
  emoji: string[];
  epoch: number;
  codec: string;
  /** Names of those who are not in sync with us. */
  apart: string[];
  /** More microphones are open than are heard at once: each of us tells the server when he speaks. */
  crowded: boolean;
  postQuantum: boolean;
}

export function securityOf(s: SecurityInput): Security {
  const sealed = s.member && s.connection === "connected";
  const codec = s.codec.replace(/^video\//i, "").toUpperCase() || "VP8";
  return {
    seal:
      s.connection === "reconnecting"
        ? msg("Reconnecting")
        : s.member
          ? msg("Sealed")
          : msg("Waiting for keys"),
    sealed,
    code: s.code,
    emoji: s.emoji,
    epoch: s.epoch,
    apart: s.member ? s.apart : [],
    suite: s.postQuantum
      ? t("MLS with X-Wing (ML-KEM-768 and X25519), AES-256-GCM, SHA-384, Ed25519")
      : t("MLS with X25519, AES-128-GCM, SHA-256, Ed25519"),
    quantum: s.postQuantum
      ? msg("What is recorded today stays sealed for them.")
      : msg("What is recorded today stays sealed for them, unless they also have the link."),
    media: t("{codec} and Opus, sealed with AES-128-GCM (SFrame)", { codec }),
    serverSees: s.crowded
      ? [...serverSees, msg("Who is speaking, while more than 16 microphones are on")]
      : serverSees,
    serverDoesNotSee: s.crowded ? serverDoesNotSee : [...serverDoesNotSee, msg("Who is speaking")],
  };
}
