/** What was said in writing. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { AppPayload } from "../e2ee/protocol";
import type { ChatMessage } from "./model";

export const MAX_TEXT = 4_000; // characters (PROTOCOL.md 2.7)
const KEPT = 2_000; // messages; older ones are forgotten

export class Chat {
  private readonly all = signal<ChatMessage[]>([]);
  private readonly news = signal(0);
  readonly messages: ReadonlySignal<ChatMessage[]> = this.all;
  readonly unread: ReadonlySignal<number> = this.news;

  /** A message of the group. seen: the chat is on the screen. The same message twice is one. */
  take(m: ChatMessage, seen: boolean): void {
    if (this.all.value.some((o) => o.id === m.id && o.session === m.session)) return;
    this.all.value = [...this.all.value, m].slice(-KEPT);
    if (!m.self && !seen) this.news.value++;
  }

  read(): void {
    this.news.value = 0;
  }
}

/** The message to say, or null when the text can't be said. random: from 0 to below 1. */
export function compose(
  text: string,
  random: () => number,
): (AppPayload & { kind: "chat" }) | null {
  const said = text.trim();
  if (said === "" || [...said].length > MAX_TEXT) return null;
  const id = Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join("");
  return { kind: "chat", id, text: said };
}
