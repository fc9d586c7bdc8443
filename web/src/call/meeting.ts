/** A meeting under way: the session, the group, the media, and what the screen shows of them. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { AppPayload, GroupIn, Member, Phase, SourceName } from "../e2ee/protocol";
import type { VideoCodec } from "../media/publish";
import { Session } from "../wire/socket";
import type { CreateRoom, Joined, ServerMessage, Tile } from "../wire/wire.gen";
import { Connections } from "./connections";
import type { Env } from "./env";
import type { LocalMedia } from "./local";
import type { ChatMessage, DeviceChoice, MeetingModel, Notice, Panel, Person, Problem, Security, TileModel } from "./model";
import { securityOf } from "./security";
import { buildTiles, keepOrder, type PeerView, type SeatView } from "./tiles";
import { Voices } from "./voices";

/** What is known of the room, enough to make it again on a server that forgot it. */
export interface Known {
  room: string;
  token: Uint8Array;
  create: CreateRoom;
  title: string;
  link: string;
}

export interface MeetingEvents {
  /** In, for the first time. */
  entered(): void;
  ended(problem: Problem | null): void;
}

const VIEW_DELAY = 150;
const GONE_AFTER = 60_000;
const RECREATE_EVERY = 2_000;

export class Meeting implements MeetingModel {
  readonly title: ReadonlySignal<string>;
  readonly link: ReadonlySignal<string>;
  readonly connection = signal<"connecting" | "connected" | "reconnecting">("connecting");
  readonly panel = signal<Panel>(null);
  readonly notices = signal<Notice[]>([]);
  readonly chat = signal<ChatMessage[]>([]);
  readonly unread = signal(0);
  readonly sharing = signal(false);
  readonly canShare: ReadonlySignal<boolean>;
  readonly mic: ReadonlySignal<DeviceChoice>;
  readonly camera: ReadonlySignal<DeviceChoice>;
  readonly tiles: ReadonlySignal<TileModel[]>;
  readonly hidden: ReadonlySignal<number>;
  readonly people: ReadonlySignal<Person[]>;
  readonly security: ReadonlySignal<Security>;

  private readonly session: Session;
  private readonly media: Connections;
  private readonly voices: Voices;
  private readonly members: Signal<Map<string, Member>> = signal(new Map());
  private readonly order = signal<string[]>([]);
  private readonly peers: Signal<Map<string, PeerView>> = signal(new Map());
  private readonly seats = signal<SeatView[]>([]);
  private readonly speaking = signal<ReadonlySet<string>>(new Set());
  private readonly group = signal<{ phase: Phase; epoch: number; code: string[] }>({ phase: "idle", epoch: 0, code: [] });
  private readonly codec = signal("");
  private readonly cleanups: (() => void)[] = [];
  private mySession = "";
  private everIn = false;
  private closed = false;
  private noticeNumber = 0;
  private sizes = new Map<string, { width: number; height: number }>();
  private cancelView: (() => void) | null = null;
  private cancelGone: (() => void) | null = null;
  private screen: MediaStreamTrack[] = [];

  constructor(
    private readonly env: Env,
    private readonly client: CryptoClient,
    private readonly local: LocalMedia,
    private readonly known: Known,
    private readonly name: string,
    codec: VideoCodec,
    private readonly events: MeetingEvents,
  ) {
    this.title = signal(known.title);
    this.link = signal(known.link);
    this.canShare = signal(typeof env.devices?.getDisplayMedia === "function");
    this.mic = local.mic.choice;
    this.camera = local.camera.choice;
    this.session = new Session(
      { connect: () => env.connect(), after: (ms, f) => env.after(ms, f), random: () => env.random() },
      {
        joined: (j, fresh) => this.joined(j, fresh),
        message: (m) => this.take(m),
        refused: (code, text) => void this.refused(code, text),
        broken: () => this.broken(),
      },
    );
    this.media = new Connections(env, client, codec, {
      send: (m) => this.session.send(m),
      unsealed: (source) => this.unsealed(source),
      rebuilt: () => this.attachStreams(),
      codec: (mime) => {
        this.codec.value = mime;
      },
    });
    this.voices = new Voices(
      env,
      () => this.notice("Your browser does not play sound yet", "warn", { label: "Play sound", run: () => this.voices.resume() }),
      () => ({ session: this.mySession, level: local.mic.choice.value.on ? local.level.value : 0 }),
      (speaking) => {
        this.speaking.value = speaking;
      },
    );
    const built = computed(() =>
      buildTiles({
        order: this.order.value,
        members: this.members.value,
        peers: this.peers.value,
        seats: this.seats.value,
        speaking: this.speaking.value,
        own: { stream: this.ownStream.value, mic: local.mic.choice.value.on },
        limit: 25,
      }),
    );
    this.tiles = computed(() => built.value.tiles);
    this.hidden = computed(() => built.value.hidden);
    this.people = computed(() => this.listPeople());
    this.security = computed(() =>
      securityOf({
        connection: this.connection.value,
        member: this.group.value.phase === "member",
        people: this.members.value.size,
        code: this.group.value.code,
        epoch: this.group.value.epoch,
        codec: this.codec.value,
      }),
    );
    this.listen();
  }

  private readonly ownStream = computed(() => {
    const track = this.local.camera.track.value;
    return track ? new MediaStream([track]) : null;
  });

  enter(): void {
    this.session.open(this.known.room, this.known.token);
  }

  private listen(): void {
    const c = this.client;
    this.cleanups.push(
      c.on("send", (m) => this.session.send(m.message)),
      c.on("phase", (m) => {
        const { code } = this.group.value;
        this.group.value = { phase: m.phase, epoch: m.epoch, code: m.phase === "member" ? code : [] };
      }),
      c.on("roster", (m) => this.roster(m.members, m.epoch, m.code)),
      c.on("said", (m) => this.said(m.session, m.name, m.self, m.payload)),
      c.on("seat", (m) => {
        this.seats.value = this.seats.value.map((s) => (s.index === m.index && s.session === m.session ? { ...s, state: m.state } : s));
      }),
      c.on("fault", (m) => this.end({ code: "worker", title: "The meeting can't go on", text: m.text })),
      this.seats.subscribe((seats) => this.voices.setSeats(seats)),
      this.local.camera.track.subscribe((t) => void this.publish("camera", t)),
      computed(() => (this.mic.value.on ? this.local.mic.track.value : null)).subscribe((t) => void this.publish("mic", t)),
    );
  }

  // The session.

  private joined(j: Joined, fresh: boolean): void {
    this.cancelGone?.();
    this.cancelGone = null;
    this.connection.value = "connected";
    if (!fresh) return;
    batch(() => {
      this.mySession = j.session;
      this.peers.value = new Map(j.peers.map((p) => [p.session, { on: p.on, away: p.away, says: null }]));
      this.seats.value = [];
      this.members.value = new Map();
      this.group.value = { phase: "idle", epoch: 0, code: [] };
    });
    const sessions = j.peers.map((p) => p.session);
    this.client.post({ type: "seats", seats: [] });
    this.client.post({ type: "start", name: this.name, session: j.session, generation: j.generation, founded: j.founded, sessions });
    void this.media.build();
    this.tellSources();
    if (!this.everIn) {
      this.everIn = true;
      this.events.entered();
    }
  }

  private broken(): void {
    if (this.everIn) this.connection.value = "reconnecting";
    this.cancelGone ??= this.env.after(GONE_AFTER, () => {
      this.notice("The server has not answered for a minute. You are still trying to reach it.", "warn");
    });
  }

  /** A server that was restarted knows nothing: the room is made again from what we know. */
  private async refused(code: string, text: string): Promise<void> {
    if (this.closed) return;
    if (code === "full") {
      this.end({ code: "full", title: "This meeting is full", text: "Ask somebody to leave, or wait and try again." });
      return;
    }
    if (!this.everIn || code !== "refused") {
      this.end({ code: "refused", title: "This meeting does not exist", text: text || "The link is wrong, or the meeting is over." });
      return;
    }
    this.connection.value = "reconnecting";
    try {
      await this.env.http.createRoom(this.known.create);
      if (!this.closed) this.session.open(this.known.room, this.known.token);
    } catch {
      this.env.after(RECREATE_EVERY, () => void this.refused(code, text));
    }
  }

  private take(m: ServerMessage): void {
    switch (m.type) {
      case "arrived":
        this.setPeer(m.session, { on: [], away: false, says: null });
        break;
      case "left": {
        const name = this.members.value.get(m.session)?.name;
        const peers = new Map(this.peers.value);
        peers.delete(m.session);
        this.peers.value = peers;
        if (name) this.notice(m.reason === "lost" ? `${name} lost the connection` : `${name} left`);
        break;
      }
      case "away":
        this.changePeer(m.session, { away: m.away });
        break;
      case "sources_of":
        this.changePeer(m.session, { on: m.on });
        return this.viewSoon();
      case "published":
        return this.media.published(m.sdp);
      case "subscribed":
        return this.media.subscribed(m.sdp);
      case "seats":
        return this.setSeats(m.seats);
      case "media_lost":
        return this.media.rebuildSoon();
      case "failed":
        if (m.code === "media" || m.code === "rate") this.media.rebuildSoon();
        return;
      default:
    }
    if (isGroupMessage(m)) this.client.post({ type: "group", message: m });
  }

  private setPeer(session: string, p: PeerView): void {
    this.peers.value = new Map(this.peers.value).set(session, p);
  }

  private changePeer(session: string, part: Partial<PeerView>): void {
    const old = this.peers.value.get(session);
    if (old) this.setPeer(session, { ...old, ...part });
  }

  // Who is here.

  private roster(members: Member[], epoch: number, code: string[]): void {
    const before = this.members.value;
    const isNew = members.filter((m) => !m.self && !before.has(m.session));
    batch(() => {
      this.members.value = new Map(members.map((m) => [m.session, m]));
      this.order.value = keepOrder(this.order.value, members);
      this.group.value = { phase: "member", epoch, code };
    });
    if (before.size > 0) for (const m of isNew) this.notice(`${m.name} joined`);
    if (isNew.length > 0) this.tellState();
    this.media.growTo(members.length - 1, members.length - 1);
  }

  private said(session: string, name: string, self: boolean, payload: AppPayload): void {
    if (payload.kind === "state") {
      if (!self) this.changePeer(session, { says: { mic: payload.mic, camera: payload.camera, screen: payload.screen } });
      return;
    }
    if (this.chat.value.some((m) => m.id === payload.id && m.session === session)) return;
    this.chat.value = [...this.chat.value, { id: payload.id, session, name, self, text: payload.text, at: this.env.now() }];
    if (!self && this.panel.value !== "chat") this.unread.value++;
  }

  private listPeople(): Person[] {
    const members = this.members.value;
    const own = [...members.values()].find((m) => m.self);
    const today = this.env.now() - 86_400_000;
    return this.order.value.flatMap((session): Person[] => {
      const m = members.get(session);
      const peer = this.peers.value.get(session);
      if (!m || (!m.self && !peer)) return [];
      const says = peer?.says;
      return [
        {
          session,
          name: m.name,
          self: m.self,
          mic: m.self ? this.mic.value.on : (says?.mic ?? peer?.on.includes("mic") ?? false),
          camera: m.self ? this.camera.value.on : (peer?.on.includes("camera") ?? false),
          screen: m.self ? this.sharing.value : (peer?.on.includes("screen") ?? false),
          speaking: this.speaking.value.has(session),
          away: peer?.away ?? false,
          note: !m.self && own && m.device === own.device ? "another tab of yours" : "",
          seen: m.firstSeen > today ? "first seen today" : "seen before",
          device: `${m.device.slice(0, 4)} ${m.device.slice(4, 8)}`,
        },
      ];
    });
  }

  // Media.

  private setSeats(seats: { index: number; source: SourceName; session: string }[]): void {
    const old = new Map(this.seats.value.map((s) => [s.index, s]));
    this.seats.value = seats.map((s) => {
      const was = old.get(s.index);
      const state = was?.session === s.session ? was.state : s.session ? "waiting" : "empty";
      return { ...s, state, stream: this.media.subscribe?.streams[s.index] ?? null };
    });
    this.client.post({ type: "seats", seats });
  }

  private attachStreams(): void {
    this.seats.value = this.seats.value.map((s) => ({ ...s, stream: this.media.subscribe?.streams[s.index] ?? null }));
    this.viewSoon();
  }

  private async publish(source: SourceName, track: MediaStreamTrack | null): Promise<void> {
    await this.media.set(source, track);
    this.tellSources();
    this.tellState();
  }

  private sourcesOn(): SourceName[] {
    const on: SourceName[] = [];
    if (this.mic.value.on && this.local.mic.track.value) on.push("mic");
    if (this.local.camera.track.value) on.push("camera");
    if (this.sharing.value) {
      on.push("screen");
      if (this.screen.length > 1) on.push("screen-audio");
    }
    return on;
  }

  private tellSources(): void {
    if (this.everIn || this.connection.value === "connected") this.session.send({ type: "sources", on: this.sourcesOn() });
  }

  private tellState(): void {
    if (this.group.value.phase !== "member") return;
    const on = this.sourcesOn();
    const payload = { kind: "state", mic: on.includes("mic"), camera: on.includes("camera"), screen: on.includes("screen") } as const;
    this.client.post({ type: "say", payload });
  }

  private unsealed(source: SourceName): void {
    if (source === "camera" && this.camera.value.on) this.toggleCamera();
    if (source === "mic" && this.mic.value.on) this.toggleMic();
    if (source === "screen" || source === "screen-audio") this.stopSharing();
    this.notice("Your browser tried to send something unsealed, so it was switched off. Reload the page to try again.", "warn");
  }

  setTileSizes(sizes: Map<string, { width: number; height: number }>): void {
    this.sizes = sizes;
    this.viewSoon();
  }

  private viewSoon(): void {
    this.cancelView ??= this.env.after(VIEW_DELAY, () => {
      this.cancelView = null;
      const tiles: Tile[] = [];
      for (const t of this.tiles.value) {
        const size = this.sizes.get(t.key);
        if (!t.self && size) tiles.push({ session: t.session, source: t.source, width: Math.round(size.width), height: Math.round(size.height) });
      }
      this.session.send({ type: "view", tiles: tiles.slice(0, 64) });
    });
  }

  // What people do.

  toggleMic(): void {
    void this.local.mic.toggle();
  }
  toggleCamera(): void {
    void this.local.camera.toggle();
  }
  chooseMic(id: string): void {
    void this.local.mic.choose(id);
  }
  chooseCamera(id: string): void {
    void this.local.camera.choose(id);
  }

  toggleShare(): void {
    if (this.sharing.value) this.stopSharing();
    else void this.share();
  }

  private async share(): Promise<void> {
    try {
      const stream = await this.env.devices?.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
      const video = stream?.getVideoTracks()[0];
      if (!stream || !video) return;
      const audio = stream.getAudioTracks()[0];
      video.contentHint = "detail";
      video.onended = () => this.stopSharing();
      this.screen = audio ? [video, audio] : [video];
      this.sharing.value = true;
      await this.media.set("screen", video);
      await this.media.set("screen-audio", audio ?? null);
      this.tellSources();
      this.tellState();
    } catch (e) {
      if ((e as Error | null)?.name === "NotAllowedError") return; // changed their mind
      this.notice("The screen could not be shared. Try another window, or restart the browser.", "warn");
    }
  }

  private stopSharing(): void {
    for (const t of this.screen) {
      t.onended = null;
      t.stop();
    }
    this.screen = [];
    this.sharing.value = false;
    void this.media.set("screen", null);
    void this.media.set("screen-audio", null);
    this.tellSources();
    this.tellState();
  }

  openPanel(panel: Panel): void {
    this.panel.value = this.panel.value === panel ? null : panel;
    if (this.panel.value === "chat") this.unread.value = 0;
  }

  sendChat(text: string): boolean {
    const said = text.trim();
    if (said === "" || [...said].length > 4000 || this.group.value.phase !== "member") return false;
    const id = Array.from({ length: 16 }, () => Math.floor(this.env.random() * 16).toString(16)).join("");
    this.client.post({ type: "say", payload: { kind: "chat", id, text: said } });
    return true;
  }

  copyLink(): void {
    this.env.copy(this.link.value).then(
      () => this.notice("Invitation link copied. Whoever has it can join, so send it by a way you trust."),
      () => this.notice("The link could not be copied. Select it and copy it by hand.", "warn"),
    );
  }

  private notice(text: string, kind: Notice["kind"] = "info", action?: Notice["action"]): void {
    const id = ++this.noticeNumber;
    this.notices.value = [...this.notices.value.filter((n) => n.text !== text), { id, text, kind, ...(action ? { action } : {}) }].slice(-3);
    if (!action) this.env.after(kind === "warn" ? 12_000 : 5_000, () => this.dismiss(id));
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((n) => n.id !== id);
  }

  leave(): void {
    this.end(null);
  }

  /** Ends everything; also called when the page goes away. */
  end(problem: Problem | null): void {
    if (this.closed) return;
    this.closed = true;
    for (const off of this.cleanups) off();
    if (this.sharing.value) for (const t of this.screen) t.stop();
    this.session.close();
    this.media.close();
    this.voices.close();
    this.cancelView?.();
    this.cancelGone?.();
    this.client.post({ type: "stop" });
    this.client.terminate();
    this.local.stop();
    this.events.ended(problem);
  }

  hurry(): void {
    this.session.hurry();
  }
}

const groupTypes = new Set<string>([
  "arrived", "left", "away", "founded", "reset", "asked", "committed", "commit_refused", "welcomed", "said", "caught_up", "gap",
] satisfies GroupIn["type"][]);

function isGroupMessage(m: ServerMessage): m is Extract<ServerMessage, { type: GroupIn["type"] }> {
  return groupTypes.has(m.type);
}
