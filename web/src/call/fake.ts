/** A browser, a server and a crypto worker for tests: nothing happens but what the test makes happen, and no time passes by itself. */
import { CryptoClient, type WorkerLike } from "../e2ee/client";
import { validName } from "../e2ee/leaf";
import type { FromWorker, SourceName, ToWorker } from "../e2ee/protocol";
import type { PinStatus, ToPin } from "../pin/pin";
import { Refusal } from "../wire/http";
import type { CreateRoom, Looked } from "../wire/wire.gen";
import type { Env, Recordings, Store } from "./env";
import { FakeSocket } from "./fakesocket";
import type { Kept, Problem, RecordedTile } from "./model";
import type { RecorderLike } from "./recording";
import type { Treated } from "./treatment";

export class FakeClock {
  now = 1_700_000_000_000;
  private timers: { at: number; f: () => void }[] = [];
  readonly after = (ms: number, f: () => void): (() => void) => {
    const timer = { at: this.now + ms, f };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  };
  /** Lets time pass, and after each timer everything that follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((t) => t !== next);
      this.now = next.at;
      next.f();
      await settle();
    }
    this.now = end;
  }
}

/** Lets everything finish that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export class FakeTrack {
  stopped = false;
  contentHint = "";
  onended: (() => void) | null = null;
  constructor(
    readonly kind: "audio" | "video",
    readonly deviceId = "",
  ) {}
  stop(): void {
    this.stopped = true;
  }
  getSettings() {
    return { deviceId: this.deviceId };
  }
}

export class FakeStream {
  constructor(readonly tracks: readonly FakeTrack[] = []) {}
  getVideoTracks(): FakeTrack[] {
    return this.tracks.filter((t) => t.kind === "video");
  }
  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter((t) => t.kind === "audio");
  }
}

export class FakeDevices {
  /** Names of the errors that opening throws; empty: it opens. */
  denied: { video?: string; audio?: string } = {};
  readonly asked: MediaStreamConstraints[] = [];
  readonly opened: FakeTrack[] = [];
  async getUserMedia(c: MediaStreamConstraints): Promise<FakeStream> {
    this.asked.push(c);
    const kinds = (["video", "audio"] as const).filter((k) => c[k]);
    for (const k of kinds)
      if (this.denied[k]) throw Object.assign(new Error("denied"), { name: this.denied[k] });
    const id = (k: "video" | "audio"): string | undefined =>
      ((c[k] as MediaTrackConstraints).deviceId as { exact?: string } | undefined)?.exact;
    return this.open(kinds, id);
  }
  async getDisplayMedia(): Promise<FakeStream> {
    return this.open(["video", "audio"]);
  }
  private open(
    kinds: readonly ("video" | "audio")[],
    id: (k: "video" | "audio") => string | undefined = () => undefined,
  ): FakeStream {
    const tracks = kinds.map((k) => new FakeTrack(k, id(k) ?? `${k}-1`));
    this.opened.push(...tracks);
    return new FakeStream(tracks);
  }
  private readonly all = [
    { kind: "videoinput", deviceId: "video-1", label: "Front camera" },
    { kind: "audioinput", deviceId: "audio-1", label: "" },
  ];
  private readonly listeners: (() => void)[] = [];
  async enumerateDevices() {
    return [...this.all];
  }
  addEventListener(_: string, f: () => void): void {
    this.listeners.push(f);
  }
  async plug(device: { kind: string; deviceId: string; label: string }): Promise<void> {
    this.all.push(device);
    for (const f of this.listeners) f();
    await settle();
  }
}

/** Records nothing, and remembers what it was given. */
export class FakeRecordings implements Recordings {
  possible = true;
  readonly log: string[] = [];
  tracks: readonly MediaStreamTrack[] = [];
  tiles: readonly RecordedTile[] = [];
  broken = false;
  failed: () => void = () => {};
  kept: Kept[] = [];
  async make(passphrase: string | null, failed: () => void): Promise<RecorderLike> {
    this.failed = failed;
    this.log.push(`make ${passphrase}`);
    return {
      name: "meeting.webm",
      withSound: true,
      begin: async () => {
        if (this.broken) throw new Error("no disk");
        this.log.push("begin");
      },
      show: (tiles) => {
        this.tiles = tiles;
      },
      hear: (tracks) => {
        this.tracks = tracks;
      },
      end: async () => void this.log.push("end"),
    };
  }
  /** Names of those that another tab is writing, and how each ends. */
  readonly busy = new Map<string, () => void>();
  async list(): Promise<{ kept: Kept[]; written: string[] }> {
    this.log.push("list");
    return { kept: this.kept, written: [...this.busy.keys()] };
  }
  written(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.busy.set(name, () => {
        this.busy.delete(name);
        resolve();
      });
    });
  }
  async save(name: string): Promise<void> {
    this.log.push(`save ${name}`);
  }
  async remove(name: string): Promise<void> {
    this.kept = this.kept.filter((k) => k.name !== name);
  }
  refresh: () => Promise<void> = async () => {};
}

/** Answers what the real worker would answer, without any encryption. */
export class FakeWorker implements WorkerLike {
  onmessage: ((e: MessageEvent) => void) | null = null;
  onerror: ((e: ErrorEvent) => void) | null = null;
  readonly got: ToWorker[] = [];
  terminated = false;
  forged = false;
  postQuantum = false;
  hosts = false; // this browser is the host's
  counters = { sealed: none(), unsealed: none() };
  constructor(private readonly title: string) {}
  postMessage(m: ToWorker): void {
    this.got.push(m);
    const bytes = new Uint8Array(32);
    if (m.type === "create") {
      const secret = new Uint8Array(32).fill(1);
      this.tell({
        type: "created",
        room: theRoom,
        secret,
        hostKey: bytes,
        tokenHash: bytes,
        card: bytes,
        capacity: m.postQuantum ? 64 : 0,
      });
    } else if (m.type === "open") {
      this.tell({ type: "opened", room: m.room, token: bytes, tokenHash: bytes });
    } else if (m.type === "reopen") {
      const own = this.hosts ? bytes.slice() : null;
      this.tell({ type: "reopen", open: own, card: own, order: null });
    } else if (m.type === "card") {
      if (this.forged) this.tell({ type: "fault", code: "card", text: "The record is forged." });
      else
        this.tell({
          type: "card",
          title: this.title,
          createdMs: 0,
          hostKey: bytes,
          postQuantum: this.postQuantum,
          capacity: this.postQuantum ? 64 : 0,
        });
    } else if (m.type === "judge") {
      if (!validName(m.name)) this.tell({ type: "misnamed", name: m.name });
    } else if (m.type === "count") {
      const dropped = {
        noKey: 0,
        wrongOwner: 0,
        withheld: 0,
        badTag: 0,
        replay: 0,
        malformed: 0,
        empty: 0,
      };
      const counters = {
        ...structuredClone(this.counters),
        opened: 0,
        dropped,
        sealMicros: 0,
        openMicros: 0,
      };
      this.tell({ type: "counters", counters, epochs: [] });
    }
  }
  tell(m: FromWorker): void {
    queueMicrotask(() => this.onmessage?.({ data: m } as MessageEvent));
  }
  terminate(): void {
    this.terminated = true;
  }
  of<T extends ToWorker["type"]>(type: T): Extract<ToWorker, { type: T }>[] {
    return this.got.filter((m): m is Extract<ToWorker, { type: T }> => m.type === type);
  }
}

const none = (): Record<SourceName, number> => ({
  mic: 0,
  camera: 0,
  screen: 0,
  "screen-audio": 0,
});
export const theRoom = "a".repeat(26);
export const theFragment = `#1.${"A".repeat(43)}`;

export class FakeEnd {
  transform: unknown = null;
  track: FakeTrack | null;
  readonly replaced: (FakeTrack | null)[] = [];
  private encodings: RTCRtpEncodingParameters[];
  codecs: RTCRtpCodecParameters[] = [];
  constructor(kind: "audio" | "video", encodings: RTCRtpEncodingParameters[] = []) {
    this.track = new FakeTrack(kind);
    this.encodings = encodings.map((e) => ({ active: true, ...e }));
  }
  getParameters(): { encodings: RTCRtpEncodingParameters[]; codecs: RTCRtpCodecParameters[] } {
    return { encodings: this.encodings.map((e) => ({ ...e })), codecs: this.codecs };
  }
  async setParameters(p: { encodings: RTCRtpEncodingParameters[] }): Promise<void> {
    this.encodings = p.encodings;
  }
  /** Which encodings are sent. */
  active(): (boolean | undefined)[] {
    return this.encodings.map((e) => e.active);
  }
  async replaceTrack(t: FakeTrack | null): Promise<void> {
    this.track = t;
    this.replaced.push(t);
  }
}

interface FakeInit {
  direction: string;
  sendEncodings?: RTCRtpEncodingParameters[];
}

export class FakeTransceiver {
  mid: string | null = null;
  readonly sender: FakeEnd;
  readonly receiver: FakeEnd;
  preferences: readonly { mimeType: string }[] = [];
  constructor(
    readonly kind: "audio" | "video",
    readonly init: FakeInit,
  ) {
    this.sender = new FakeEnd(kind, init.sendEncodings);
    this.receiver = new FakeEnd(kind);
  }
  setCodecPreferences(list: readonly { mimeType: string }[]): void {
    this.preferences = list;
  }
}

export class FakePeerConnection {
  connectionState: RTCPeerConnectionState = "new";
  signalingState = "stable";
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  stats: Record<string, unknown>[] = [];
  addTransceiver(kind: "audio" | "video", init: FakeInit): FakeTransceiver {
    const t = new FakeTransceiver(kind, init);
    this.transceivers.push(t);
    return t;
  }
  async createOffer() {
    return { type: "offer", sdp: `v=0\r\na=seats:${this.transceivers.length}\r\n` };
  }
  async setLocalDescription(d: { type: string; sdp: string }): Promise<void> {
    this.transceivers.forEach((t, i) => {
      t.mid = String(i);
    });
    this.localDescription = d;
    this.signalingState = "have-local-offer";
  }
  async setRemoteDescription(d: { type: string; sdp: string }): Promise<void> {
    this.remoteDescription = d;
    this.signalingState = "stable";
  }
  async getStats() {
    return new Map(this.stats.map((s, i) => [String(i), s]));
  }
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  close(): void {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }
}

/** Puts in place of the browser's globals what media/ makes by name. */
export function fakeGlobals(): void {
  const codecs = {
    audio: ["audio/red", "audio/opus", "audio/PCMU"],
    video: ["video/VP9", "video/VP8", "video/rtx", "video/red", "video/ulpfec"],
  };
  Object.assign(globalThis, {
    MediaStream: FakeStream,
    RTCRtpScriptTransform: class {
      constructor(
        readonly worker: unknown,
        readonly options: unknown,
      ) {}
    },
    RTCRtpReceiver: {
      getCapabilities: (kind: "audio" | "video") => ({
        codecs: codecs[kind].map((mimeType) => ({ mimeType })),
      }),
    },
  });
}

function memory(): Store & { all: Map<string, string> } {
  const all = new Map<string, string>();
  return {
    all,
    get: (key) => all.get(key) ?? null,
    set: (key, value) => void all.set(key, value),
    remove: (key) => void all.delete(key),
  };
}

/** The sealed files of a server, whole and in memory. */
export class FakeFiles {
  readonly kept = new Map<string, { size: number; data: Uint8Array }>();
  readonly removed: string[] = [];
  /** What goes wrong next, in order; undefined: nothing. */
  troubles: (Refusal | undefined)[] = [];
  /** Changes what is fetched. */
  tamper: (data: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (d) => d;
  /** Of a piece only so many bytes come through before the connection breaks. */
  cut: number | null = null;

  private trouble(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    const e = this.troubles.shift();
    if (e) throw e;
  }
  readonly door: Env["files"] = {
    open: async ({ id, size }) => {
      this.trouble();
      const key = Buffer.from(id).toString("hex");
      const file = this.kept.get(key) ?? { size, data: new Uint8Array() };
      this.kept.set(key, file);
      return { grant: new Uint8Array(32), received: file.data.length };
    },
    put: async ({ id, offset }, data, signal) => {
      this.trouble(signal);
      const file = this.kept.get(id);
      if (!file || file.data.length !== offset) throw new Refusal("invalid", "", 409);
      const came = this.cut === null ? data : data.slice(0, this.cut);
      file.data = Uint8Array.from([...file.data, ...came]);
      if (this.cut !== null) {
        this.cut = null;
        throw new Refusal("unreachable", "");
      }
      return file.data.length;
    },
    get: async ({ id, size }, begin, end, signal) => {
      this.trouble(signal);
      const file = this.kept.get(id);
      if (!file) throw new Refusal("refused", "", 404);
      if (file.data.length !== size) throw new Refusal("invalid", "");
      return this.tamper(file.data.slice(begin, end));
    },
    remove: async (_room, id) => {
      this.kept.delete(id);
      this.removed.push(id);
    },
  };
}

/** Everything that a test can reach; env is what the client gets. */
export class FakeBrowser {
  readonly clock = new FakeClock();
  readonly tab = memory();
  readonly browser = memory();
  readonly devices = new FakeDevices();
  readonly sockets: FakeSocket[] = [];
  readonly workers: FakeWorker[] = [];
  readonly pcs: FakePeerConnection[] = [];
  readonly created: CreateRoom[] = [];
  readonly copied: string[] = [];
  readonly files = new FakeFiles();
  readonly saved: { blob: Blob; name: string }[] = [];
  readonly revoked: string[] = [];
  private urls = 0;
  unfit: Problem | null = null;
  title = "Board";
  hosts = false;
  forged = false;
  /** What the HTTP interface says: a refusal's code, or the number of people. */
  looked: number | Refusal["code"] = 2;
  /** What was posted by a page that goes away. */
  beacons: Promise<{ path: string; text: string }>[] = [];
  /** What the server says beside, of a link that was changed. */
  ordered: Pick<Looked, "number" | "relink" | "permit"> = {};
  visited: string[] = [];
  /** Nothing more of the page can be loaded; and how often that was tried. */
  away = false;
  loads = 0;
  creating: "ok" | Refusal["code"] = "ok";
  leavePage: () => void = () => {};
  online: () => void = () => {};
  fragmentChanged: () => void = () => {};

  constructor(public address = { path: "/", search: "", fragment: "" }) {
    fakeGlobals();
  }

  /** How a background is hidden. */
  hide: (track: FakeTrack, picture: string) => Promise<Treated> = async (_, picture) => {
    const track = new FakeTrack("video", `hidden ${picture || "blurred"}`);
    return { track: track as unknown as MediaStreamTrack, close: () => track.stop() };
  };
  readonly recordings = new FakeRecordings();
  /** What the service worker answers, what it was asked, and how often the page was loaded anew. */
  pin: PinStatus | null = null;
  readonly pinned: ToPin[] = [];
  reloads = 0;
  readonly env: Env = this.makeEnv();

  private makeEnv(): Env {
    return {
      origin: "https://meet.example",
      location: () => this.address,
      showPath: (path) => {
        const [start = "", search = ""] = path.split("?");
        this.address = { path: start, search: search && `?${search}`, fragment: "" };
      },
      visit: (path) => {
        this.visited.push(path);
      },
      openTab: (path) => {
        this.visited.push(path);
      },
      tab: this.tab,
      browser: this.browser,
      languages: ["en"],
      devices: this.devices as unknown as MediaDevices,
      canChooseSpeaker: false,
      processors: 2,
      loadMeeting: () => {
        this.loads++;
        return this.away ? Promise.reject(new TypeError("no network")) : import("./meeting");
      },
      makeClient: () => {
        const worker = new FakeWorker(this.title);
        worker.forged = this.forged;
        worker.hosts = this.hosts;
        this.workers.push(worker);
        return new CryptoClient(worker);
      },
      connect: () => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      makePeerConnection: () => {
        const pc = new FakePeerConnection();
        this.pcs.push(pc);
        return pc as unknown as RTCPeerConnection;
      },
      audioContext: () => null,
      recordings: this.recordings,
      pin: async (m) => {
        this.pinned.push(m);
        return this.pin && { ...this.pin };
      },
      reload: () => void this.reloads++,
      hideBackground: (picture) => (track) => this.hide(track as unknown as FakeTrack, picture),
      shrink: async (picture) => {
        if (picture.type !== "image/png") throw new Error("no picture");
        return "data:image/jpeg,small";
      },
      suppressNoise: async () => {
        throw new Error("no sound here");
      },
      makeAudio: () => ({ play: async () => {}, srcObject: null }) as unknown as HTMLAudioElement,
      http: {
        createRoom: async (room) => {
          if (this.creating !== "ok") throw new Refusal(this.creating, "");
          this.created.push(room);
        },
        redeem: async (link) => {
          if (this.creating !== "ok") throw new Refusal(this.creating, "");
          return link.map((b) => b ^ 0xff);
        },
        look: async (): Promise<Looked> => {
          if (typeof this.looked === "string") throw new Refusal(this.looked, "");
          return { card: new Uint8Array(8), people: this.looked, ...this.ordered };
        },
      },
      beacon: (path, body) => void this.beacons.push(body.text().then((text) => ({ path, text }))),
      now: () => this.clock.now,
      after: this.clock.after,
      files: this.files.door,
      save: (blob, name) => void this.saved.push({ blob, name }),
      urls: { create: () => `blob:${++this.urls}`, revoke: (url) => void this.revoked.push(url) },
      random: () => 0.5,
      copy: async (text) => void this.copied.push(text),
      onLeavePage: (f) => {
        this.leavePage = f;
      },
      onOnline: (f) => {
        this.online = f;
      },
      onFragment: (f) => {
        this.fragmentChanged = f;
      },
      unfit: async () => this.unfit,
    };
  }

  get socket(): FakeSocket {
    const s = this.sockets.at(-1);
    if (!s) throw new Error("fake: no socket was made");
    return s;
  }
  get worker(): FakeWorker {
    const w = this.workers.at(-1);
    if (!w) throw new Error("fake: no worker was made");
    return w;
  }
}
