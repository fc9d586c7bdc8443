/** A socket for tests, on which only that is said what the test says. */
import type { SocketLike } from "../wire/socket";
import { type ClientMessage, decodeClientMessage } from "../wire/wire.gen";

export class FakeSocket implements SocketLike {
  onopen: ((e: Event) => void) | null = null;
  onclose: ((e: CloseEvent) => void) | null = null;
  onmessage: ((e: MessageEvent) => void) | null = null;
  readonly sent: ClientMessage[] = [];
  private n = 0;
  readyState = 1;
  closed = false;
  send(text: string): void {
    this.sent.push(decodeClientMessage(JSON.parse(text)));
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.onopen?.(new Event("open"));
  }
  break(): void {
    this.onclose?.({} as CloseEvent);
  }
  /** A message with a number of its own, or without for those that carry none. */
  say(message: { type: string } & Record<string, unknown>): void {
    const bare = message.type === "joined" || message.type === "refused";
    const head = bare ? {} : { n: ++this.n };
    this.onmessage?.({ data: JSON.stringify({ ...head, ...message }) } as MessageEvent);
  }
  of<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((m): m is Extract<ClientMessage, { type: T }> => m.type === type);
  }
}
