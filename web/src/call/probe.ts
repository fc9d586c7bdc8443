/** The connection test as a view model: which ways lead to this server, and what to do about those that do not. No DOM. */
import { batch, type ReadonlySignal, signal } from "@preact/signals-core";
import { connects, type ProbeEnv, relays } from "../media/probe";
import { Refusal } from "../wire/http";
import type { SocketLike } from "../wire/socket";
import type { Relay } from "../wire/wire.gen";
import { msg, t } from "./words";

/** In the order in which they are told. */
export const hops = [
  "page",
  "socket",
  "udp",
  "tcp",
  "relay-udp",
  "relay-tcp",
  "relay-tls",
] as const;
export type Hop = (typeof hops)[number];
/** open: it leads to the server; absent: this server does not offer it; unknown: it could not be tried. */
export type State = "waits" | "trying" | "open" | "shut" | "absent" | "unknown";
export type Found = Readonly<Record<Hop, State>>;

export interface Verdict {
  grade: "good" | "detour" | "blocked" | "unknown";
  title: string;
  text: string;
  /** What to do; "" for nothing. {host} and {port} stand for the server's. */
  remedy: string;
}

export interface ProbeModel {
  /** Of the server. */
  readonly host: string;
  readonly port: string;
  readonly found: ReadonlySignal<Found>;
  /** Null while the test runs. */
  readonly verdict: ReadonlySignal<Verdict | null>;
  run(): void;
  /** Saves the report. It names the server and the browser, and nobody. */
  save(): void;
}

/** The browser and the server as the test uses them. */
export interface ProbeDoors extends ProbeEnv {
  readonly origin: string;
  readonly browser: string;
  /** Resolves when the page's server answers. */
  page(): Promise<void>;
  connect(): SocketLike;
  now(): number;
  save(blob: Blob, name: string): void;
}

const none: Found = {
  page: "waits",
  socket: "waits",
  udp: "waits",
  tcp: "waits",
  "relay-udp": "waits",
  "relay-tcp": "waits",
  "relay-tls": "waits",
};

const addresses = {
  "relay-udp": ["turn", "udp"],
  "relay-tcp": ["turn", "tcp"],
  "relay-tls": ["turns", "tcp"],
} as const;

const openUDP = msg("Ask who runs your network to let UDP through to {host}, port {port}.");

/** What was found, in a person's words: names the first hop that fails, and what helps. */
export function judge(found: Found): Verdict {
  const is = (hop: Hop, state: State = "open"): boolean => found[hop] === state;
  if (is("page", "shut"))
    return {
      grade: "blocked",
      title: msg("The server does not answer"),
      text: msg("Your browser kept this page, and reaches nothing of the server now."),
      remedy: msg("Check your connection. If other pages work, tell who runs the server."),
    };
  if (is("socket", "shut"))
    return {
      grade: "blocked",
      title: msg("The line to the server is cut on the way"),
      text: msg(
        "The page gets through, and its websocket does not: a proxy, a filter or a virus scanner in between stops it.",
      ),
      remedy: msg(
        "Ask who runs your network to let websockets through to {host}, or try another network.",
      ),
    };
  if (is("udp"))
    return is("tcp", "shut") || is("relay-tls", "shut")
      ? {
          grade: "good",
          title: msg("Meetings work"),
          text: msg(
            "Sound and pictures go by UDP. A way around it does not get through, and is not needed here.",
          ),
          remedy: "",
        }
      : {
          grade: "good",
          title: msg("Everything gets through"),
          text: msg("From this network meetings go as they go best."),
          remedy: "",
        };
  if (is("tcp"))
    return {
      grade: "detour",
      title: msg("Meetings work, with a detour"),
      text: msg("UDP does not get through. Sound and pictures go by TCP, where they may falter."),
      remedy: openUDP,
    };
  if (is("relay-udp"))
    return {
      grade: "detour",
      title: msg("Meetings work, by the relay"),
      text: msg(
        "UDP gets through, but not to the address that the server gives. Either that is wrong, or it is a private one with a port below 1024, which Chromium and its relatives do not take. Sound and pictures go by the server's relay, which costs the server more.",
      ),
      remedy: msg("Tell who runs the server: `incamera doctor` says which of the two it is."),
    };
  if (is("relay-tls"))
    return {
      grade: "detour",
      title: msg("Meetings work, by the relay only"),
      text: msg(
        "Nothing but TLS gets through. Sound and pictures go inside it, where they may falter.",
      ),
      remedy: openUDP,
    };
  if (is("udp", "unknown"))
    return {
      grade: "unknown",
      title: msg("The test could not be finished"),
      text: msg("The server takes no more tests now."),
      remedy: msg("Wait a minute, then test again."),
    };
  return {
    grade: "blocked",
    title: msg("Sound and pictures do not get through"),
    text: msg("The page and its line reach the server. No way for sound and pictures does."),
    remedy: msg(
      "Try another network. If it is the same there, who runs the server has to open port {port} for UDP and TCP and to name its public address: `incamera doctor` tells what is wrong.",
    ),
  };
}

export class Probe implements ProbeModel {
  readonly host: string;
  readonly port: string;
  readonly found = signal<Found>(none);
  readonly verdict = signal<Verdict | null>(null);
  private readonly took = new Map<Hop, number>(); // ms
  private running = false;
  private at = 0;

  constructor(private readonly doors: ProbeDoors) {
    const { hostname, port, protocol } = new URL(doors.origin);
    this.host = hostname;
    this.port = port || (protocol === "https:" ? "443" : "80");
    this.run();
  }

  run(): void {
    if (this.running) return;
    this.running = true;
    this.at = this.doors.now();
    this.took.clear();
    batch(() => {
      this.found.value = none;
      this.verdict.value = null;
    });
    void this.tryAll().finally(() => {
      this.running = false;
      this.verdict.value = judge(this.found.value);
    });
  }

  private async tryAll(): Promise<void> {
    await Promise.all([
      this.attempt("page", () => this.doors.page().then(() => true)),
      this.attempt("socket", () => this.socket()),
    ]);
    let relay: Relay | null = null;
    const media = (hop: "udp" | "tcp") =>
      this.attempt(hop, async () => {
        const tried = await connects(this.doors, hop);
        relay = tried.relay ?? relay;
        return tried.works;
      });
    await Promise.all([media("udp"), media("tcp")]);
    const asked = this.found.value.udp !== "unknown" || this.found.value.tcp !== "unknown";
    await Promise.all(
      (Object.keys(addresses) as (keyof typeof addresses)[]).map((hop) => {
        const [scheme, transport] = addresses[hop];
        const url = `${scheme}:${this.host}:${this.port}?transport=${transport}`;
        if (relay) return this.attempt(hop, () => relays(this.doors, url, relay as Relay));
        return this.set(hop, asked ? "absent" : "unknown");
      }),
    );
  }

  private set(hop: Hop, state: State): void {
    this.found.value = { ...this.found.value, [hop]: state };
  }

  /** null: it is not offered. What the server refuses to test is not known. */
  private async attempt(hop: Hop, f: () => Promise<boolean | null>): Promise<void> {
    this.set(hop, "trying");
    const began = this.doors.now();
    let state: State;
    try {
      const works = await f();
      state = works === null ? "absent" : works ? "open" : "shut";
    } catch (e) {
      state = e instanceof Refusal && e.code !== "unreachable" ? "unknown" : "shut";
    }
    this.took.set(hop, this.doors.now() - began);
    this.set(hop, state);
  }

  private socket(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = this.doors.connect();
      const stop = this.doors.after(8_000, () => settle(false));
      const settle = (works: boolean): void => {
        stop();
        socket.onopen = socket.onclose = null;
        socket.close();
        resolve(works);
      };
      socket.onopen = () => settle(true);
      socket.onclose = () => settle(false);
    });
  }

  report(): string {
    const { host, port } = this;
    const verdict = this.verdict.value;
    const lines = {
      test: "incamera connection test 1",
      at: new Date(this.at).toISOString(),
      server: this.doors.origin,
      browser: this.doors.browser,
      hops: Object.fromEntries(
        hops.map((hop) => [hop, { state: this.found.value[hop], ms: this.took.get(hop) ?? 0 }]),
      ),
      verdict: verdict && {
        title: verdict.title,
        text: verdict.text,
        remedy: t(verdict.remedy, { host, port }),
      },
    };
    return `${JSON.stringify(lines, null, 2)}\n`;
  }

  save(): void {
    this.doors.save(new Blob([this.report()]), "incamera-connection-test.json");
  }
}
