/**
 * One participant's session with the server (PROTOCOL.md 1.2): numbered messages over sockets that may break, so that
 * nothing is lost and nothing is taken twice. The server is not trusted: what is malformed is dropped and counted.
 */
import { json } from "./check";
import type { Code, Depart, Joined, ServerMessage } from "./wire.gen";
import { type ClientMessage, encodeClient, parseServer } from "./wire.gen";

export interface SocketLike {
  send(text: string): void;
  readonly readyState: number;
  close(): void;
  onopen: ((e: Event) => void) | null;
  onclose: ((e: CloseEvent) => void) | null;
  onmessage: ((e: MessageEvent) => void) | null;
}

export interface SocketEnv {
  connect(): SocketLike;
  /** Runs f later; returns how to cancel that. */
  after(ms: number, f: () => void): () => void;
  random(): number;
  /** Posts something though the page goes away. What becomes of it is not told. */
  beacon(path: string, body: Blob): void;
}

export interface SessionEvents {
  /** fresh: everything of an earlier session is void. */
  joined(j: Joined, fresh: boolean): void;
  message(m: ServerMessage): void;
  /** The server does not take us. retry calls may follow by open(). */
  refused(code: Code, text: string): void;
  /** The socket broke; it is being connected again. */
  broken(): void;
}

const OPEN = 1; // as WebSocket.OPEN
const ACK_AFTER = 16;
const ACK_DELAY = 2_000;
const FIRST_RETRY = 250;
const LAST_RETRY = 5_000;
/**
 * Ms until a socket that does not come up, or on which the server acknowledges nothing, counts as broken. The server acknowledges
 * within 2 s; browsers alone notice a dead network path after minutes. Shorter, and a slow uplink would be cut while it sends.
 */
const SILENCE = 10_000;

export class Session {
  readonly dropped = { malformed: 0, repeated: 0 };
  private socket: SocketLike | null = null;
  private room = "";
  private token: Uint8Array = new Uint8Array();
  private identity: { session: string; secret: Uint8Array } | null = null;
  private live = false; // joined on the current socket
  private closed = false;
  private sent = 0;
  private unacked: { n: number; message: ClientMessage }[] = [];
  private received = 0;
  private toAck = 0;
  private retry = FIRST_RETRY;
  private cancelRetry: (() => void) | null = null;
  private cancelAck: (() => void) | null = null;
  private cancelSilence: (() => void) | null = null;

  constructor(
    private readonly env: SocketEnv,
    private readonly events: SessionEvents,
  ) {}

  /** The token of another link is shown from now on. */
  relink(token: Uint8Array): void {
    this.token = token;
  }

  open(room: string, token: Uint8Array): void {
    this.room = room;
    this.token = token;
    this.connect();
  }

  /** Sends now, or after the socket is back. Before the first joined, nothing can be sent. */
  send(message: ClientMessage): void {
    if (!this.identity || this.closed) return;
    const entry = { n: ++this.sent, message };
    this.unacked.push(entry);
    if (this.live) this.write(entry.n, message);
  }

  /** Tries again at once instead of after the rest of the pause. */
  hurry(): void {
    if (this.cancelRetry) this.connect();
  }

  /** Ends the session for good; the others are told that we left. body is for them. */
  close(body?: Uint8Array): void {
    if (this.closed) return;
    const parting = body ? { body } : {};
    // Firefox has closed the sockets of a page that goes away before the page hears of it.
    if (this.live && this.socket?.readyState === OPEN) this.send({ type: "leave", ...parting });
    else if (this.identity) this.depart({ room: this.room, ...this.identity, ...parting });
    this.closed = true;
    this.drop();
    this.cancelRetry?.();
    this.cancelRetry = null;
  }

  /** Where that does not arrive the server ends the session by itself, after a while. */
  private depart(from: Depart): void {
    this.env.beacon("/api/leave", new Blob([json(from)], { type: "application/json" }));
  }

  private connect(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.drop();
    const socket = this.env.connect();
    this.socket = socket;
    this.expect();
    socket.onopen = () => {
      const { room, token } = this;
      const resume = this.identity && { ...this.identity, received: this.received };
      socket.send(
        encodeClient(
          { type: "join", room, token, ...(resume ? { resume } : {}) },
          { n: 0, ack: 0 },
        ),
      );
    };
    socket.onmessage = (e) => this.take(e.data);
    socket.onclose = () => this.broke();
  }

  private drop(): void {
    this.live = false;
    this.cancelAck?.();
    this.cancelAck = null;
    this.expectNothing();
    const old = this.socket;
    this.socket = null;
    if (!old) return;
    old.onopen = null;
    old.onmessage = null;
    old.onclose = null;
    old.close();
  }

  private broke(): void {
    this.drop();
    if (this.closed) return;
    this.events.broken();
    this.again();
  }

  private again(): void {
    const wait = this.retry * (0.75 + this.env.random() / 2);
    this.retry = Math.min(this.retry * 2, LAST_RETRY);
    this.cancelRetry = this.env.after(wait, () => this.connect());
  }

  private take(data: unknown): void {
    let parsed: ReturnType<typeof parseServer>;
    try {
      parsed = parseServer(String(data));
    } catch {
      this.dropped.malformed++;
      this.skip(String(data));
      return;
    }
    const { head, message } = parsed;
    this.acknowledged(head.ack);
    if (message.type === "joined") {
      this.join(message);
      return;
    }
    if (message.type === "refused") {
      this.drop();
      if (message.code === "unavailable" || message.code === "rate") this.again();
      else this.events.refused(message.code, message.text);
      return;
    }
    if (!this.live || message.type === "ack") return;
    if (this.count(head.n)) this.events.message(message);
  }

  /** What cannot be understood still has its place in the order. */
  private skip(text: string): void {
    const n = Number(text.slice(0, 200).match(/"n":(\d{1,10})[,}]/)?.[1]);
    if (n === this.received + 1) this.count(n);
  }

  /** Reports whether the message with that number is the next one. */
  private count(n: number): boolean {
    if (n <= this.received) {
      this.dropped.repeated++;
      return false;
    }
    if (n > this.received + 1) {
      this.broke(); // something is missing: the server repeats it on a new socket
      return false;
    }
    this.received = n;
    if (++this.toAck >= ACK_AFTER) this.ack();
    else this.cancelAck ??= this.env.after(ACK_DELAY, () => this.ack());
    return true;
  }

  private ack(): void {
    this.cancelAck?.();
    this.cancelAck = null;
    if (this.live) this.write(0, { type: "ack" });
  }

  private join(j: Joined): void {
    this.retry = FIRST_RETRY;
    this.live = true;
    this.expectNothing();
    const fresh = !(j.resumed && this.identity?.session === j.session);
    this.identity = { session: j.session, secret: j.secret };
    if (fresh) {
      this.sent = 0;
      this.unacked = [];
      this.received = 0;
      this.toAck = 0;
    } else {
      this.acknowledged(j.received);
      for (const { n, message } of this.unacked) this.write(n, message);
    }
    this.events.joined(j, fresh);
  }

  private acknowledged(n: number): void {
    const before = this.unacked.length;
    this.unacked = this.unacked.filter((u) => u.n > n);
    if (this.unacked.length === before) return;
    this.expectNothing();
    if (this.unacked.length > 0) this.expect();
  }

  /** From now on the server has to give a sign. */
  private expect(): void {
    this.cancelSilence ??= this.env.after(SILENCE, () => this.broke());
  }

  private expectNothing(): void {
    this.cancelSilence?.();
    this.cancelSilence = null;
  }

  private write(n: number, message: ClientMessage): void {
    this.toAck = 0;
    this.cancelAck?.();
    this.cancelAck = null;
    if (n > 0) this.expect();
    this.socket?.send(encodeClient(message, { n, ack: this.received }));
  }
}
