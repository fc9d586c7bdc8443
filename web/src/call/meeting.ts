/** A meeting under way: the session, the group, the media, and what the screen shows of them. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { AppPayload, FromWorker } from "../e2ee/protocol";
import { Session } from "../wire/socket";
import type { CreateRoom, Joined, ServerMessage, VideoCodec } from "../wire/wire.gen";
import { Address } from "./address";
import { Apart } from "./apart";
import { Board } from "./board";
import { Chat, compose } from "./chat";
import { Company } from "./company";
import { Connections } from "./connections";
import { Door } from "./door";
import type { Env } from "./env";
import { Files } from "./files";
import { Host } from "./host";
import type { Secret } from "./invite";
import { Layout } from "./layout";
import type { LocalMedia } from "./local";
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
import { closing, Notices } from "./notices";
import { Own } from "./own";
import { isGroupMessage } from "./passing";
import { Polls } from "./polls";
import { ends, hostEnded, isBlocked, outOfKeys, unanswered, youEnded } from "./problems";
import { Reach } from "./reach";
import { Recording } from "./recording";
import { listPeople } from "./roster";
import { Seats } from "./seats";
import { securityOf } from "./security";
import { ScreenShare } from "./share";
import { Signs } from "./signs";
import { Spotlight } from "./spotlight";
import { Statistics } from "./statistics";
import { hear } from "./talk";
import { Telling } from "./telling";
import { buildTiles } from "./tiles";
import { Timers } from "./timers";
import { Viewing } from "./viewing";
import { Voices } from "./voices";
import { msg, t } from "./words";

/** What is known of the room, enough to come back, and to make it again on a server that forgot it. */
export interface Known {
  room: string;
  secret: Secret;
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
  /** The meeting has another link, which known has already. */
  relinked(): void;
  ended(why: Leaving): void;
}

export class Meeting implements MeetingModel {
  readonly title: ReadonlySignal<string>;
  readonly link: ReadonlySignal<string>;
  readonly panel = signal<Panel>(null);
  readonly canShare: ReadonlySignal<boolean>;

  private readonly speakers = signal<ReadonlySet<string>>(new Set());
  private readonly codec = signal("");

  // What does the work.
  private readonly address: Address;
  private readonly company: Company;
  private readonly reach: Reach;
  private readonly session: Session;
  private readonly media: Connections;
  private readonly seats: Seats;
  private readonly voices: Voices;
  private readonly telling: Telling;
  private readonly share: ScreenShare;
  private readonly own: Own;
  private readonly viewing: Viewing;
  readonly door: Door;
  private readonly apart: Apart;
  readonly recording: Recording;
  readonly statistics: Statistics;
  readonly host: Host;
  readonly spotlight: Spotlight;
  readonly board: Board;
  private readonly written = new Chat();
  readonly signs: Signs;
  readonly files: Files;
  readonly polls: Polls;
  readonly layout: Layout;
  private readonly told: Notices;
  private readonly cleanups: (() => void)[] = [];

  private handUp = false; // it was, in a session of ours that is over
  private closed = false;
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
    this.address = new Address(known, env, {
      changed: () => {
        this.session.relink(known.token);
        events.relinked();
      },
      tell: (text, label) => this.told.add(text, "info", { label, run: () => this.copyLink() }),
      warn: (text) => this.told.add(text, "warn"),
      isHost: () => this.host.isHost.value,
    });
    this.link = this.address.link;
    this.told = new Notices(env.after);
    this.timers = new Timers(env.after);
    this.layout = new Layout(env.browser);
    this.company = new Company({
      tell: (text, kind, action) => this.told.add(text, kind, action),
      untell: (number) => this.told.dismiss(number),
      compare: () => {
        this.panel.value = "security";
      },
    });
    this.reach = new Reach(this.timers, {
      open: () => this.session.open(known.room, known.token),
      create: () => env.http.createRoom(known.create),
      waiting: () => events.waiting(),
      unanswered: () => this.told.add(unanswered, "warn"),
      end: (why) => this.end(why),
    });
    const inGroup = {
      say: (payload: AppPayload) => this.say(payload),
      me: () => this.company.me.value,
    };
    this.polls = new Polls({
      ...inGroup,
      random: env.random,
      asked: (name, question) => {
        if (this.panel.value === "chat") return;
        this.told.add(t("{name} asks: {question}", { name, question }), "info", {
          label: "Vote",
          run: () => this.openPanel("chat"),
        });
      },
    });
    this.files = new Files({
      room: known.room,
      token: () => known.token,
      client,
      door: env.files,
      now: env.now,
      after: env.after,
      save: env.save,
      url: env.urls,
      warn: (text) => this.told.add(text, "warn"),
    });
    this.signs = new Signs({
      after: env.after,
      now: env.now,
      ...inGroup,
    });
    this.board = new Board({
      ...inGroup,
      random: env.random,
      begun: (name, action) =>
        this.told.add(t("{name} draws on the board", { name }), "info", action),
    });
    this.spotlight = new Spotlight({
      ...inGroup,
      shown: (by) => this.told.add(t("{name} shows you large to everybody.", { name: by })),
    });
    this.door = new Door(client, this.timers, env.now, this.company.members);
    this.apart = new Apart(client, this.company.members);
    this.share = new ScreenShare(env.devices, {
      changed: (video, audio) => this.own.publish({ screen: video, "screen-audio": audio }),
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
    this.own = new Own(this.timers, local, this.share, {
      set: (source, track) => this.media.set(source, track),
      send: (m) => this.session.send(m),
      say: (payload) => this.say(payload),
      before: () => {
        this.recording.repeat();
        this.signs.repeat();
        this.spotlight.repeat();
        this.board.repeat();
        this.polls.repeat();
      },
    });
    this.telling = new Telling(this.company, this.own.mic, (m) => this.session.send(m));
    this.viewing = new Viewing(
      this.timers,
      () => {
        const cameras = !this.layout.audioOnly.value;
        return this.tiles.value.filter((t) => cameras || t.source !== "camera");
      },
      () => settings.saving.value,
      (m) => this.session.send(m),
    );
    this.host = new Host(
      client,
      this.timers,
      env.now,
      this.company.members,
      local,
      this.share,
      this.told,
    );
    this.session = new Session(
      { connect: env.connect, after: env.after, random: env.random, beacon: env.beacon },
      {
        joined: (j, fresh) => this.joined(j, fresh),
        message: (m) => this.take(m),
        refused: (code) => void this.reach.refused(code),
        broken: () => this.reach.broken(),
      },
    );
    this.seats = new Seats(
      env.after,
      (m) => client.post(m),
      () => this.media.subscribe,
    );
    this.media = new Connections(env, client, codec, {
      send: (m) => this.session.send(m),
      unsealed: (source) => {
        this.own.cut(source);
        this.told.add(outOfKeys.text, "warn");
      },
      rebuilding: () => this.seats.clear(),
      blocked: () =>
        this.told.add(isBlocked, "warn", {
          label: msg("Test your connection"),
          run: () => env.openTab("/test"),
        }),
      codec: (mime) => {
        this.codec.value = mime;
      },
    });
    this.statistics = new Statistics({
      after: env.after,
      media: this.media,
      count: () => client.count(),
      seats: () => this.seats.list.value,
      nameOf: (session) => this.company.members.value.get(session)?.name ?? "",
    });
    this.voices = new Voices(
      env,
      () =>
        this.told.add(msg("Your browser does not play sound yet"), "warn", {
          label: "Play sound",
          run: () => this.voices.resume(),
        }),
      local,
      () => this.company.me.value,
      (speaking) => {
        this.speakers.value = speaking;
        this.layout.hear(speaking, this.company.me.value, env.now());
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

  get connection() {
    return this.reach.connection;
  }
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
      order: this.company.order.value,
      members: this.company.members.value,
      peers: this.company.peers.map.value,
      seats: this.seats.list.value,
      speaking: this.speakers.value,
      own: {
        session: this.company.me.value,
        name: this.name,
        stream: this.ownStream.value,
        mic: this.local.mic.track.value !== null,
        mirrored: this.settings.mirror.value,
      },
      hands: this.signs.places.value,
      quality: this.company.peers.quality.value,
      reactions: this.signs.shown.value,
      audioOnly: this.layout.audioOnly.value,
    }),
  );

  readonly people: ReadonlySignal<Person[]> = computed(() =>
    listPeople({
      order: this.company.order.value,
      members: this.company.members.value,
      peers: this.company.peers.map.value,
      speaking: this.speakers.value,
      own: this.own.on,
      hands: this.signs.places.value,
      quality: this.company.peers.quality.value,
      now: this.env.now(),
    }),
  );

  readonly security: ReadonlySignal<Security> = computed(() =>
    securityOf({
      connection: this.connection.value,
      member: this.company.group.value.phase === "member",
      ...this.company.group.value,
      codec: this.codec.value,
      apart: this.apart.names.value,
      crowded: this.telling.crowded.value,
      postQuantum: this.known.postQuantum,
    }),
  );

  // The session.

  enter(): void {
    this.reach.enter();
  }

  private listen(): void {
    const c = this.client;
    this.cleanups.push(
      this.door.listen(),
      this.apart.listen(),
      this.host.listen(),
      this.address.listen(c),
      c.on("send", (m) => this.session.send(m.message)),
      c.on("phase", (m) => this.company.phase(m)),
      c.on("parting", (m) => {
        this.company.goodbye = m.body;
      }),
      c.on("parted", (m) => this.company.gone(m)),
      c.on("roster", (m) => this.roster(m)),
      c.on("said", (m) => this.said(m)),
      c.on("seat", (m) => this.seats.take(m)),
      c.on("fault", (m) =>
        this.end({ code: "worker", title: "The meeting can't go on", text: m.text }),
      ),
      this.seats.list.subscribe((seats) => this.voices.setSeats(seats)),
      this.local.speaker.chosen.subscribe((id) => this.voices.chooseSpeaker(id)),
      this.layout.audioOnly.subscribe(() => this.viewing.soon()),
      this.settings.saving.subscribe((on) => {
        this.media.save(on);
        this.viewing.soon();
      }),
      ...this.own.listen(),
      this.telling.follow(this.speakers, this.voices.deaf),
    );
  }

  private joined(j: Joined, fresh: boolean): void {
    const first = !this.reach.ever;
    this.reach.joined();
    if (!fresh) return;
    this.handUp = this.signs.restart(this.company.me.value) || this.handUp;
    const { session, generation, founded, mark = null } = j;
    if (mark) this.known.create.mark = mark;
    this.telling.restart();
    this.company.restart(session);
    this.polls.restart();
    this.spotlight.restart();
    this.files.restart(session, j.secret, j.maxFile);
    this.client.post({ type: "start", name: this.name, session, generation, founded, mark });
    this.media.begin(j.relay ?? null);
    this.own.tellServer();
    this.viewing.restart();
    if (first) this.events.entered();
  }

  private take(m: ServerMessage): void {
    this.company.peers.take(m);
    this.media.take(m);
    switch (m.type) {
      case "peers":
        this.viewing.soon();
        break;
      case "reset":
        if (m.by) this.company.restarted(m.by);
        break;
      case "left":
        this.signs.forget(m.session);
        break;
      case "seats":
        this.seats.set(m.seats);
        break;
      case "sent_back":
        this.door.sentBack();
        break;
      case "ended":
        if (m.reason === "removed") {
          this.session.close();
          this.door.whenRead(() => this.end(this.door.removed()));
        } else if (m.reason === "ended") this.end(this.host.isHost.value ? youEnded : hostEnded);
        else if (ends[m.reason]) this.end(ends[m.reason]!);
        break;
      case "noted":
        this.door.noted(m.body);
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

  // The group.

  private roster(m: FromWorker & { type: "roster" }): void {
    const came = this.company.roster(m);
    const here = new Set(this.company.members.value.keys());
    this.signs.keep(here);
    this.recording.keep(here);
    this.polls.keep(here);
    this.spotlight.keep(this.company.members.value);
    if (this.handUp) this.signs.toggleHand();
    this.handUp = false;
    if (came) this.own.tellSoon();
    this.media.growTo(m.members.length - 1, m.members.length - 1);
    this.viewing.soon();
  }

  verify(on: boolean): void {
    this.client.post({ type: "verify", sessions: this.company.others(), on });
  }

  private said(m: FromWorker & { type: "said" }): void {
    hear(m, {
      peers: this.company.peers,
      signs: this.signs,
      chat: this.written,
      host: this.host,
      spotlight: this.spotlight,
      board: this.board,
      me: () => this.company.me.value,
      recording: this.recording,
      polls: this.polls,
      members: this.company.members,
      now: () => this.env.now(),
      reading: () => this.panel.value === "chat",
    });
  }

  // What we send.

  /** Has it sealed for the group; false while there is none. */
  private say(payload: AppPayload, to = ""): boolean {
    if (this.company.group.value.phase !== "member") return false;
    if (to && !this.company.members.value.has(to)) return false;
    this.client.post({ type: "say", payload, to });
    return true;
  }

  // What people do.

  setTileSizes(sizes: Map<string, { width: number; height: number }>): void {
    this.viewing.setSizes(sizes);
  }

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

  sendChat(text: string, to: string): boolean {
    const payload = compose(text, this.env.random);
    if (this.host.barred.value.chat) return false; // everybody would drop it
    return payload !== null && this.say(payload, to);
  }

  copyLink(): void {
    this.told.linkCopied(this.env.copy(this.link.value));
  }

  copyText(text: string): void {
    this.told.copied(this.env.copy(text));
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
    this.reach.close();
    for (const off of this.cleanups) off();
    this.timers.close();
    this.session.close(this.company.goodbye);
    const { recording, statistics, share, signs, files, media, voices, seats } = this;
    for (const part of [recording, statistics, share, signs, files, media, voices, seats])
      part.close();
    this.client.post({ type: "stop" });
    this.client.terminate();
    this.local.onFollowed = () => {};
    this.local.stop();
    this.events.ended(why);
  }

  /** The network is back, or another: a socket that looks alive is put to the test by a message that needs an acknowledgement. */
  hurry(): void {
    this.session.hurry();
    if (this.reach.ever) this.viewing.now(true);
  }
}
