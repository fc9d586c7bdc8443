/** What is said inside the group, told to whom it concerns: chat, files, hands, polls. */
import type { ReadonlySignal } from "@preact/signals-core";
import type { AppPayload, FromWorker, Member } from "../e2ee/protocol";
import type { Board } from "./board";
import type { Chat } from "./chat";
import type { Host } from "./host";
import type { Peers } from "./peers";
import type { Polls } from "./polls";
import type { Recording } from "./recording";
import type { Signs } from "./signs";
import type { Spotlight } from "./spotlight";

export interface TalkParts {
  peers: Peers;
  signs: Signs;
  chat: Chat;
  recording: Recording;
  polls: Polls;
  host: Host;
  spotlight: Spotlight;
  board: Board;
  /** Our own session. */
  me(): string;
  members: ReadonlySignal<ReadonlyMap<string, Member>>;
  now(): number;
  /** The chat is on the screen. */
  reading(): boolean;
}

export function hear(m: FromWorker & { type: "said" }, p: TalkParts): void {
  const { session, name, self, payload } = m;
  switch (payload.kind) {
    case "state": {
      const { mic, camera, screen } = payload;
      if (!self) p.peers.says(session, { mic, camera, screen });
      return;
    }
    case "hand":
    case "reaction":
      p.signs.take(session, name, payload);
      return;
    case "mute":
      p.host.take(name, payload, p.me());
      return;
    case "draw":
    case "erase":
      p.board.take(session, name, payload);
      return;
    case "spotlight":
      p.spotlight.take(session, name, payload);
      return;
    case "recording":
      p.recording.take(session, self, payload.on);
      return;
    case "chat":
    case "file": {
      const who = { id: payload.id, session, name, self, at: p.now() };
      const to = toWhom(m, p.members.value);
      p.chat.take({ ...who, to, ...content(session, payload) }, p.reading());
      return;
    }
    case "poll":
    case "vote":
    case "poll_end":
      p.polls.take(session, name, payload);
      return;
    default:
  }
}

function content(session: string, payload: AppPayload & { kind: "chat" | "file" }) {
  if (payload.kind === "chat") return { text: payload.text, file: null };
  const { id, name, size, type } = payload;
  return { text: "", file: { key: `${session} ${id}`, session, id, name, size, type } };
}

function toWhom(m: FromWorker & { type: "said" }, members: ReadonlyMap<string, Member>) {
  if (!m.to) return "" as const;
  if (!m.self) return "you" as const;
  return { name: members.get(m.to)?.name ?? "" };
}
