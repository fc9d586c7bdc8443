/** The browser as the view models use it; tests bring their own. */
import { CryptoClient, openWorker, registerServiceWorker } from "../e2ee/client";
import { relayServer } from "../media/relay";
import type { PinStatus, ToPin } from "../pin/pin";
import { getPiece, openFile, putPiece, removeFile } from "../wire/files";
import { createRoom, look, redeem } from "../wire/http";
import type { SocketLike } from "../wire/socket";
import type { Relay } from "../wire/wire.gen";
import type { Kept, Problem } from "./model";
import { unfits } from "./problems";
import type { RecorderLike } from "./recording";
import type { Treat } from "./treatment";

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export interface Env {
  origin: string;
  /** Path, query and fragment of the address, and how to change it without a new entry. */
  location(): { path: string; search: string; fragment: string };
  showPath(path: string): void;
  /** Leaves the page for another of the server. */
  visit(path: string): void;
  /** Shows another page of the server in a tab of its own. */
  openTab(path: string): void;
  /** Of this tab, until it closes. */
  tab: Store;
  /** Of this browser. */
  browser: Store;
  /** What the person reads, best first (BCP 47). */
  languages: readonly string[];
  devices: MediaDevices | undefined;
  canChooseSpeaker: boolean;
  /** How many the machine has. */
  processors: number;
  /** What a meeting consists of, which is no part of the start; rejects while the network is away. */
  loadMeeting(): Promise<typeof import("./meeting")>;
  makeClient(): CryptoClient;
  connect(): SocketLike;
  /** relay: credentials for the server's relay, where it has one. */
  makePeerConnection(relay: Relay | null): RTCPeerConnection;
  audioContext(): AudioContext | null;
  makeAudio(): HTMLAudioElement;
  /** Takes noise out of a microphone; its parts are loaded with the first call. */
  suppressNoise: Treat;
  /** Hides what is behind a person: blurred for "", or behind the picture of that address. */
  hideBackground(picture: string): Treat;
  /** Cuts and shrinks a picture to what can be kept and put behind; rejects for what is no picture. */
  shrink(picture: Blob): Promise<string>;
  recordings: Recordings;
  /** Asks the service worker; null: there is none (yet). */
  pin(m: ToPin): Promise<PinStatus | null>;
  reload(): void;
  http: { createRoom: typeof createRoom; look: typeof look; redeem: typeof redeem };
  /** Posts something though the page goes away. What becomes of it is not told. */
  beacon(path: string, body: Blob): void;
  files: {
    open: typeof openFile;
    put: typeof putPiece;
    get: typeof getPiece;
    remove: typeof removeFile;
  };
  /** Hands a file to the browser, to be kept under that name. */
  save(blob: Blob, name: string): void;
  urls: { create(blob: Blob): string; revoke(url: string): void };
  now(): number;
  after(ms: number, f: () => void): () => void;
  random(): number;
  copy(text: string): Promise<void>;
  onLeavePage(f: () => void): void;
  onOnline(f: () => void): void;
  /** Another fragment was put into the address without a load of the page. */
  onFragment(f: () => void): void;
  /** Why this browser can't take part, or null. */
  unfit(): Promise<Problem | null>;
}

/** Recordings in the private files of this browser. */
export interface Recordings {
  readonly possible: boolean;
  make(passphrase: string | null, failed: () => void): Promise<RecorderLike>;
  /** What is offered, the newest first; and the names of those that some tab is still writing. */
  list(): Promise<{ kept: Kept[]; written: string[] }>;
  /** Resolves when no tab writes it any more. */
  written(name: string): Promise<void>;
  save(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** The list has changed. Set by who shows it. */
  refresh(): Promise<void>;
}

function recordings(worker: string, context: () => AudioContext | null): Recordings {
  const kept = () => import("../media/kept");
  return {
    possible:
      typeof MediaRecorder !== "undefined" &&
      "captureStream" in HTMLCanvasElement.prototype &&
      typeof navigator.storage?.getDirectory === "function" &&
      "locks" in navigator,
    async make(passphrase, failed) {
      const { Recorder } = await import("../media/recorder");
      const at = new Date();
      return new Recorder({
        worker: openWorker(worker),
        context: context(),
        at,
        passphrase,
        failed,
      });
    },
    list: async () => (await kept()).listKept(),
    written: async (name) => (await kept()).whenWritten(name),
    save: async (name) => (await kept()).saveKept(name),
    remove: async (name) => (await kept()).removeKept(name),
    refresh: async () => {},
  };
}

const PIN_ANSWERS = 30_000; // ms

/** Registers the service worker with the first question; later ones go to the one that is active. */
async function askPin(m: ToPin): Promise<PinStatus | null> {
  try {
    if (!("serviceWorker" in navigator)) return null;
    await registerServiceWorker();
    const { active } = await navigator.serviceWorker.ready;
    if (!active) return null;
    return await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (e: MessageEvent<PinStatus>) => resolve(e.data);
      setTimeout(() => resolve(null), PIN_ANSWERS);
      active.postMessage(m, [port2]);
    });
  } catch {
    return null; // blocked, as in private windows: nothing is kept
  }
}

function storeOf(make: () => Storage): Store {
  // Storage may be switched off; then nothing is remembered.
  const attempt = <T>(f: (s: Storage) => T, otherwise: T): T => {
    try {
      return f(make());
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => attempt((s) => s.getItem(key), null),
    set: (key, value) => attempt((s) => s.setItem(key, value), undefined),
    remove: (key) => attempt((s) => s.removeItem(key), undefined),
  };
}

async function unfit(): Promise<Problem | null> {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) return unfits.insecure;
  if (typeof RTCPeerConnection === "undefined" || typeof RTCRtpScriptTransform === "undefined")
    return unfits.transforms;
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
  } catch {
    return unfits.ciphers;
  }
  return null;
}

/** One audio context for the page. Browsers let it run from the first click or key on. */
function audioContexts(): () => AudioContext | null {
  let context: AudioContext | null | undefined;
  const resume = (): void => {
    if (context?.state === "suspended") context.resume().catch(() => {}); // until a click allows it
  };
  for (const gesture of ["pointerdown", "keydown"])
    addEventListener(gesture, resume, { capture: true, passive: true });
  return () => {
    if (context === undefined)
      context = typeof AudioContext === "undefined" ? null : new AudioContext();
    resume();
    return context;
  };
}

/** ms that a browser may take to begin saving what a click points at. */
const SAVING = 60_000;

/** Nothing is opened in our origin: the type says so, and the name is forced. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), SAVING);
}

/** Addresses of the workers' scripts. */
export interface Workers {
  crypto: string;
  record: string;
  blur: string;
}

export function browserEnv(workers: Workers): Env {
  const audioContext = audioContexts();
  return {
    origin: location.origin,
    location: () => ({ path: location.pathname, search: location.search, fragment: location.hash }),
    showPath: (path) => history.replaceState(null, "", path),
    visit: (path) => location.assign(path),
    openTab: (path) => void open(path, "_blank", "noopener"),
    tab: storeOf(() => sessionStorage),
    browser: storeOf(() => localStorage),
    languages: navigator.languages,
    devices: navigator.mediaDevices,
    processors: navigator.hardwareConcurrency ?? 1,
    canChooseSpeaker: "setSinkId" in HTMLMediaElement.prototype,
    loadMeeting: () => import("./meeting"),
    makeClient: () => new CryptoClient(openWorker(workers.crypto)),
    connect: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`),
    makePeerConnection: (relay) =>
      new RTCPeerConnection({
        bundlePolicy: "max-bundle",
        iceServers: relay ? [relayServer(location, relay)] : [],
      }),
    audioContext,
    hideBackground: (picture) => async (track, failed) =>
      (await import("../media/background")).hideBackground(track, failed, picture, () =>
        openWorker(workers.blur),
      ),
    shrink: async (picture) => (await import("../media/background")).shrink(picture),
    recordings: recordings(workers.record, audioContext),
    pin: askPin,
    reload: () => location.reload(),
    makeAudio: () => new Audio(),
    suppressNoise: async (track, failed) =>
      (await import("../media/noise")).suppressNoise(track, failed),
    http: { createRoom, look, redeem },
    beacon: (path, body) => navigator.sendBeacon(path, body),
    files: { open: openFile, put: putPiece, get: getPiece, remove: removeFile },
    save,
    urls: {
      create: (blob) => URL.createObjectURL(blob),
      revoke: (url) => URL.revokeObjectURL(url),
    },
    now: () => Date.now(),
    after(ms, f) {
      const t = setTimeout(f, ms);
      return () => clearTimeout(t);
    },
    random: Math.random,
    copy: (text) => navigator.clipboard.writeText(text),
    onLeavePage: (f) => addEventListener("pagehide", f),
    onOnline: (f) => addEventListener("online", f),
    onFragment: (f) => addEventListener("hashchange", f),
    unfit,
  };
}
