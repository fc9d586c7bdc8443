/** A meeting under way: the session, the group, the media, and what the screen shows of them. */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { AppPayload, FromWorker, Member, Phase, SourceName } from "../e2ee/protocol";
import type { VideoCodec } from "../media/publish";
import { Refusal } from "../wire/http";
import { Session } from "../wire/socket";
import type { Code, CreateRoom, Joined, ServerMessage } from "../wire/wire.gen";
import { Apart } from "./apart";
import { Chat, compose } from "./chat";
import { Connections } from "./connections";
import { Door } from "./door";
import type { Env } from "./env";
import { Layout } from "./layout";
import type { LocalDevice, LocalMedia } from "./local";
import type {
  MeetingModel,
  Notice,
  Panel,
  Person,
  Problem,
  Security,
  SettingsModel,
  TileModel,
  VersionModel,
} from "./model";
import { arrival, closing, Notices } from "./notices";
import { isGroupMessage } from "./passing";
import { Peers } from "./peers";
import { isBlocked, isEnded, isFull, isOver, isUnknown, outOfKeys, unanswered } from "./problems";
import { Recording } from "./recording";
import { doubtOf, listPeople } from "./roster";
import { Seats } from "./seats";
import { securityOf } from "./security";
import { ScreenShare } from "./share";
import { Signs } from "./signs";
import { Statistics } from "./statistics";
import { buildTiles, keepOrder } from "./tiles";
import { Timers } from "./timers";
import { type Sizes, wanted } from "./view";
import { Voices } from "./voices";
import { msg, t } from "./words";

/** What is known of the room, enough to make it again on a server that forgot it. */
export interface Known {
  room: string;
  token: Uint8Array;
  create: CreateRoom;
  title: string;
  postQuantum: boolean;
  link: string;
}

/** Who leaves: the person by the button, the page that goes away, or the meeting because of a problem. */
export type Leaving = "person" | "page" | Problem;

export interface MeetingEvents {
  /** In, for the first time. */
  entered(): void;
  /** Not in yet, and the server does not answer; it is still being tried. */
  waiting(): void;
  ended(why: Leaving): void;
}

const VIEW_DELAY = 150; // ms
const STATE_DELAY = 200; // ms in which several who join are told at once
const GONE_AFTER = 60_000; // ms without the server until people are told that it is more than a hiccup
const WAITING_AFTER = 8_000; // ms, the same before the first join
const RECREATE_EVERY = 2_000; // ms

export class Meeting implements MeetingModel {
  readonly title: ReadonlySignal<string>;
  readonly link: ReadonlySignal<string>;
  readonly connection = signal<"connecting" | "connected" | "reconnecting">("connecting");
  readonly panel = signal<Panel>(null);
  readonly canShare: ReadonlySignal<boolean>;

  // What the people are.
  private readonly me = signal("");
  private readonly members = signal<ReadonlyMap<string, Member>>(new Map());
  private readonly order = signal<readonly string[]>([]);
  private readonly peers = new Peers();
  private readonly group = signal<{ phase: Phase; epoch: number; code: string[] }>({
    phase: "idle",
    epoch: 0,
    code: [],
  });
  private readonly speakers = signal<ReadonlySet<string>>(new Set());
  private readonly codec = signal("");

  // What does the work.
  private readonly session: Session;
  private readonly media: Connections;
  private readonly seats: Seats;
  private readonly voices: Voices;
  private readonly share: ScreenShare;
  readonly door: Door;
  private readonly apart: Apart;
  readonly recording: Recording;
  readonly statistics: Statistics;
  private readonly written = new Chat();
  readonly signs: Signs;
  readonly layout: Layout;
  private readonly told: Notices;
  private readonly cleanups: (() => void)[] = [];

  private handUp = false; // it was, in a session of ours that is over
  private everIn = false;
  private closed = false;
  private sizes: Sizes = new Map();
  private lastView = "";
  private readonly timers: Timers;

  constructor(
    private readonly env: Env,
    private readonly client: CryptoClient,
    private readonly local: LocalMedia,
    readonly settings: SettingsModel,
    readonly version: VersionModel,
    private readonly known: Known,
    private readonly name: string,
    codec: VideoCodec,
    private readonly events: MeetingEvents,
  ) {
    this.title = signal(known.title);
    this.link = signal(known.link);
    this.told = new Notices(env.after);
    this.timers = new Timers(env.after);
    this.layout = new Layout(env.browser);
    this.signs = new Signs({
      after: env.after,
      now: env.now,
      say: (payload) => this.say(payload),
      me: () => this.me.value,
    });
    this.door = new Door(client, this.timers, env.now, this.members, (m) => this.session.send(m));
    this.apart = new Apart(client, this.members);
    this.share = new ScreenShare(env.devices, {
      changed: (video, audio) => this.shared(video, audio),
      failed: (text) => this.told.add(text, "warn"),
    });
    this.recording = new Recording(env, {
      say: (payload) => this.say(payload),
      tell: (text, kind, action) => this.told.add(text, kind, action),
      tiles: this.tiles,
      seats: computed(() => this.seats.list.value),
      own: () => [local.mic.track.value, this.share.sound],
    });
    this.canShare = signal(this.share.possible);
    this.session = new Session(
      { connect: env.connect, after: env.after, random: env.random },
      {
        joined: (j, fresh) => this.joined(j, fresh),
        message: (m) => this.take(m),
        refused: (code) => void this.refused(code),
        broken: () => this.broken(),
      },
    );
    this.seats = new Seats(
      env.after,
      (m) => client.post(m),
      () => this.media.subscribe,
    );
    this.media = new Connections(env, client, codec, {
      send: (m) => this.session.send(m),
      unsealed: (source) => this.unsealed(source),
      rebuilding: () => this.seats.clear(),
      blocked: () => this.told.add(isBlocked, "warn"),
      codec: (mime) => {
        this.codec.value = mime;
      },
    });
    this.statistics = new Statistics({
      after: env.after,
      media: this.media,
      count: () => client.count(),
      seats: () => this.seats.list.value,
      nameOf: (session) => this.members.value.get(session)?.name ?? "",
    });
    this.voices = new Voices(
      env,
      () =>
        this.told.add(msg("Your browser does not play sound yet"), "warn", {
          label: "Play sound",
          run: () => this.voices.resume(),
        }),
      () => ({ session: this.me.value, level: local.mic.track.value ? local.level.value : 0 }),
      (speaking) => {
        this.speakers.value = speaking;
        this.layout.hear(speaking, this.me.value, env.now());
      },
    );
    local.onFollowed = (label, back) =>
      this.told.add(t("Now using {name}", { name: label }), "info", {
        label: "Go back",
        run: back,
      });
    this.listen();
  }

  // What is shown.

  get mic() {
    return this.local.mic.choice;
  }
  get camera() {
    return this.local.camera.choice;
  }
  get sharing(): ReadonlySignal<boolean> {
    return this.share.sharing;
  }
  get chat() {
    return this.written.messages;
  }
  get unread(): ReadonlySignal<number> {
    return this.written.unread;
  }
  get notices(): ReadonlySignal<Notice[]> {
    return this.told.list;
  }

  private readonly ownStream = computed(() => {
    const track = this.local.camera.track.value;
    return track ? new MediaStream([track]) : null;
  });

  readonly tiles: ReadonlySignal<TileModel[]> = computed(() =>
    buildTiles({
      order: this.order.value,
      members: this.members.value,
      peers: this.peers.map.value,
      seats: this.seats.list.value,
      speaking: this.speakers.value,
      own: {
        session: this.me.value,
        name: this.name,
        stream: this.ownStream.value,
        mic: this.local.mic.track.value !== null,
        mirrored: this.settings.mirror.value,
      },
      hands: this.signs.places.value,
      quality: this.peers.quality.value,
      reactions: this.signs.shown.value,
      audioOnly: this.layout.audioOnly.value,
    }),
  );

  readonly people: ReadonlySignal<Person[]> = computed(() =>
    listPeople({
      order: this.order.value,
      members: this.members.value,
      peers: this.peers.map.value,
      speaking: this.speakers.value,
      own: this.own(),
      hands: this.signs.places.value,
      quality: this.peers.quality.value,
      now: this.env.now(),
    }),
  );

  readonly security: ReadonlySignal<Security> = computed(() =>
    securityOf({
      connection: this.connection.value,
      member: this.group.value.phase === "member",
      code: this.group.value.code,
      epoch: this.group.value.epoch,
      codec: this.codec.value,
      apart: this.apart.names.value,
      postQuantum: this.known.postQuantum,
    }),
  );

  private own(): { mic: boolean; camera: boolean; screen: boolean } {
    const { mic, camera } = this.local;
    return {
      mic: mic.track.value !== null,
      camera: camera.track.value !== null,
      screen: this.share.sharing.value,
    };
  }

  // The session.

  enter(): void {
    this.timers.set("waiting", WAITING_AFTER, () => {
      if (!this.everIn) this.events.waiting();
    });
    this.session.open(this.known.room, this.known.token);
  }

  private listen(): void {
    const c = this.client;
    this.cleanups.push(
      this.door.listen(),
      this.apart.listen(),
      c.on("send", (m) => this.session.send(m.message)),
      c.on("phase", (m) => {
        const { code } = this.group.value;
        this.group.value = {
          phase: m.phase,
          epoch: m.epoch,
          code: m.phase === "member" ? code : [],
        };
      }),
      c.on("roster", (m) => this.roster(m)),
      c.on("said", (m) => this.said(m.session, m.name, m.self, m.payload)),
      c.on("seat", (m) => this.seats.take(m)),
      c.on("fault", (m) =>
        this.end({ code: "worker", title: "The meeting can't go on", text: m.text }),
      ),
      this.seats.list.subscribe((seats) => this.voices.setSeats(seats)),
      this.local.speaker.chosen.subscribe((id) => this.voices.chooseSpeaker(id)),
      this.layout.audioOnly.subscribe(() => this.viewSoon()),
      this.local.camera.track.subscribe((t) => this.publish("camera", t)),
      this.local.mic.track.subscribe((t) => this.publish("mic", t)),
    );
  }

  private joined(j: Joined, fresh: boolean): void {
    this.timers.stop("gone");
    this.connection.value = "connected";
    if (!fresh) return;
    this.handUp = this.signs.restart(this.me.value) || this.handUp;
    batch(() => {
      this.me.value = j.session;
      this.peers.clear();
      this.members.value = new Map();
      this.group.value = { phase: "idle", epoch: 0, code: [] };
    });
    this.lastView = "";
    const { session, generation, founded, mark = null } = j;
    if (mark) this.known.create.mark = mark;
    this.client.post({ type: "start", name: this.name, session, generation, founded, mark });
    this.media.begin(j.relay ?? null);
    this.tellSources();
    this.viewSoon();
    if (this.everIn) return;
    this.everIn = true;
    this.events.entered();
  }

  private broken(): void {
    if (!this.everIn) return;
    this.connection.value = "reconnecting";
    this.timers.once("gone", GONE_AFTER, () => {
      this.told.add(unanswered, "warn");
    });
  }

  private async refused(code: Code): Promise<void> {
    if (this.closed) return;
    if (code === "full") {
      this.end(isFull);
    } else if (!this.everIn || code !== "refused") {
      this.end(isUnknown);
    } else {
      this.broken();
      await this.recreate(code);
    }
  }

  /** A server that was restarted knows nothing: the room is made again from what we know. */
  private async recreate(code: Code): Promise<void> {
    try {
      await this.env.http.createRoom(this.known.create);
      if (!this.closed) this.session.open(this.known.room, this.known.token);
    } catch (e) {
      const final =
        e instanceof Refusal && ["refused", "invalid", "invite", "sign-in"].includes(e.code);
      if (final) this.end(isOver);
      else this.timers.set("recreate", RECREATE_EVERY, () => void this.refused(code));
    }
  }

  private take(m: ServerMessage): void {
    this.peers.take(m);
    switch (m.type) {
      case "peers":
        this.viewSoon();
        break;
      case "left":
        this.gone(m.session, m.reason === "lost");
        break;
      case "published":
        this.media.published(m.sdp);
        break;
      case "subscribed":
        this.media.subscribed(m.sdp);
        break;
      case "seats":
        this.seats.set(m.seats);
        break;
      case "demand":
        this.media.limit("camera", m.camera);
        this.media.limit("screen", m.screen);
        break;
      case "media_lost":
        this.media.rebuildSoon();
        break;
      case "sent_back":
        this.door.sentBack();
        break;
      case "ended":
        if (m.reason === "removed") this.end(this.door.removed());
        if (m.reason === "operator") this.end(isEnded);
        break;
      case "failed":
        this.media.failed(m.about);
        break;
      case "marked":
        this.known.create.mark = m.mark;
        break;
      case "closing":
        this.told.add(closing(m.seconds), "warn");
        break;
      default:
    }
    if (!this.closed && isGroupMessage(m)) this.client.post({ type: "group", message: m });
  }

  private gone(session: string, lost: boolean): void {
    this.signs.forget(session);
    const name = this.members.value.get(session)?.name;
    if (name)
      this.told.add(lost ? t("{name} lost the connection", { name }) : t("{name} left", { name }));
  }

  // The group.

  private roster(m: FromWorker & { type: "roster" }): void {
    const before = this.members.value;
    const fresh = m.members.filter((o) => !o.self && !before.has(o.session));
    batch(() => {
      this.members.value = new Map(m.members.map((o) => [o.session, o]));
      this.order.value = keepOrder(this.order.value, m.members);
      this.group.value = { phase: "member", epoch: m.epoch, code: m.code };
    });
    for (const o of fresh) this.welcome(o, before.size > 0);
    this.signs.keep(new Set(this.members.value.keys()));
    this.recording.keep(new Set(this.members.value.keys()));
    if (this.handUp) this.signs.toggleHand();
    this.handUp = false;
    if (fresh.length > 0) this.stateSoon();
    this.media.growTo(m.members.length - 1, m.members.length - 1);
    this.viewSoon();
  }

  /** Says who came, unless we came to them; and in any case when it may be somebody else than it seems. */
  private welcome(m: Member, later: boolean): void {
    const doubt = doubtOf(m, this.members.value);
    const text = arrival(m.name, doubt, later);
    const compare = (): void => {
      this.panel.value = "security";
    };
    if (doubt) this.told.add(text, "warn", { label: "Compare numbers", run: compare });
    else if (text) this.told.add(text);
  }

  verify(on: boolean): void {
    const others = [...this.members.value.values()].filter((m) => !m.self);
    this.client.post({ type: "verify", sessions: others.map((m) => m.session), on });
  }

  private said(session: string, name: string, self: boolean, payload: AppPayload): void {
    if (payload.kind === "state") {
      const { mic, camera, screen } = payload;
      if (!self) this.peers.says(session, { mic, camera, screen });
      return;
    }
    if (payload.kind === "recording") {
      this.recording.take(session, self, payload.on);
      return;
    }
    if (payload.kind !== "chat") {
      this.signs.take(session, name, payload);
      return;
    }
    const { id, text } = payload;
    this.written.take(
      { id, session, name, self, text, at: this.env.now() },
      this.panel.value === "chat",
    );
  }

  // What we send.

  private publish(source: "mic" | "camera", track: MediaStreamTrack | null): void {
    this.media.set(source, track);
    this.tellSources();
    this.stateSoon();
  }

  private shared(video: MediaStreamTrack | null, audio: MediaStreamTrack | null): void {
    this.media.set("screen", video);
    this.media.set("screen-audio", audio);
    this.tellSources();
    this.stateSoon();
  }

  private tellSources(): void {
    const own = this.own();
    const on: SourceName[] = [];
    if (own.mic) on.push("mic");
    if (own.camera) on.push("camera");
    if (own.screen) on.push("screen");
    if (own.screen && this.share.withSound) on.push("screen-audio");
    this.session.send({ type: "sources", on });
  }

  /** Tells the others, inside the encryption, what we have switched on. */
  private stateSoon(): void {
    this.timers.once("state", STATE_DELAY, () => {
      this.recording.repeat();
      this.signs.repeat(); // before the state: who has heard that has heard all
      this.say({ kind: "state", ...this.own() });
    });
  }

  /** Has it sealed for the group; false while there is none. */
  private say(payload: AppPayload): boolean {
    if (this.group.value.phase !== "member") return false;
    this.client.post({ type: "say", payload });
    return true;
  }

  private unsealed(source: SourceName): void {
    const device: LocalDevice | null =
      source === "camera" ? this.local.camera : source === "mic" ? this.local.mic : null;
    if (device) device.switchOff(outOfKeys);
    else this.share.stop();
    this.told.add(outOfKeys.text, "warn");
  }

  // What we want to see.

  setTileSizes(sizes: Map<string, { width: number; height: number }>): void {
    this.sizes = new Map(sizes);
    this.viewSoon();
  }

  private viewSoon(): void {
    this.timers.once("view", VIEW_DELAY, () => this.sendView(false));
  }

  private sendView(anyway: boolean): void {
    const cameras = !this.layout.audioOnly.value;
    const tiles = this.tiles.value.filter((t) => cameras || t.source !== "camera");
    const view = wanted(tiles, this.sizes);
    const text = JSON.stringify(view);
    if (text === this.lastView && !anyway) return;
    this.lastView = text;
    this.session.send({ type: "view", tiles: view });
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
  get volumes() {
    return this.voices.volumes;
  }
  setVolume(session: string, volume: number): void {
    this.voices.setVolume(session, volume);
  }
  toggleShare(): void {
    this.share.toggle();
  }

  /** The panel that is open already is closed by it. */
  openPanel(panel: Panel): void {
    this.panel.value = this.panel.value === panel ? null : panel;
    if (this.panel.value === "chat") this.written.read();
  }

  sendChat(text: string): boolean {
    const payload = compose(text, this.env.random);
    return payload !== null && this.say(payload);
  }

  copyLink(): void {
    this.copy(
      this.link.value,
      msg("Invitation link copied. Whoever has it can join, so send it by a way you trust."),
      msg("The link could not be copied. Select it and copy it by hand."),
    );
  }

  copyText(text: string): void {
    this.copy(text, msg("Copied"), msg("It could not be copied. Select it and copy it by hand."));
  }

  private copy(text: string, done: string, failed: string): void {
    this.env.copy(text).then(
      () => this.told.add(done),
      () => this.told.add(failed, "warn"),
    );
  }

  dismiss(id: number): void {
    this.told.dismiss(id);
  }

  leave(): void {
    this.end("person");
  }

  /** Ends everything, once: keys, connections, devices. */
  end(why: Leaving): void {
    if (this.closed) return;
    this.closed = true;
    for (const off of this.cleanups) off();
    this.timers.close();
    this.session.close();
    this.recording.close();
    this.statistics.close();
    this.share.close();
    this.signs.close();
    this.media.close();
    this.voices.close();
    this.seats.close();
    this.client.post({ type: "stop" });
    this.client.terminate();
    this.local.onFollowed = () => {};
    this.local.stop();
    this.events.ended(why);
  }

  /** The network is back, or another: a socket that looks alive is put to the test by a message that needs an acknowledgement. */
  hurry(): void {
    this.session.hurry();
    if (this.everIn) this.sendView(true);
  }
}
