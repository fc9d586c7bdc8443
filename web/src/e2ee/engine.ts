/** What the crypto worker does with each message of the page: the one owner of every key. */

import { OPEN, type Policy, roleOf, withholds } from "./access";
import { random, sha256 } from "./bytes";
import { type Card, capacityOf, openCard, sealCard, signCard } from "./card";
import type { Clock } from "./clock";
import { type KeyStore, newSigningKey, openDevice, openHost, rawPublic } from "./device";
import { FileBox } from "./filebox";
import { Frames } from "./frames";
import { GroupMember } from "./group";
import { type Asking, Hosting } from "./hosting";
import { type Device, validName } from "./leaf";
import { deriveLinkKeys, type LinkKeys, roomOf } from "./link";
import { loadSuite, SUITE_X25519, SUITE_XWING } from "./mls";
import { Newest } from "./newest";
import { Notes } from "./note";
import { signOpen } from "./pass";
import type { Infos } from "./policy";
import { Post } from "./post";
import type { FileOp, FromWorker, Member, ToWorker } from "./protocol";
import { type NextLink, orderOf } from "./relink";
import { Seen } from "./seen";
import { Transforms } from "./transform";
import { rosterCode, rosterEmoji } from "./verify";

interface Self {
  store: KeyStore;
  device: Device;
  seen: Seen;
}

interface Here {
  epoch: number;
  me: number;
  infos: Infos;
  policy: Policy;
}

export class Engine {
  readonly transforms: Transforms;
  /** Page messages are carried out in their order, whatever they wait for. */
  private queue: Promise<void> = Promise.resolve();
  private self: Promise<Self> | null = null;
  private link: { room: string; keys: LinkKeys } | null = null;
  private card: { card: Card; hash: Uint8Array<ArrayBuffer> } | null = null;
  private hosting: Promise<Hosting> | null = null; // of the link's room
  private group: GroupMember | null = null;
  private post: Post | null = null; // of the group's session
  private notes: Notes | null = null; // of the group's session
  private files: FileBox | null = null; // of the link's room
  private frames: Frames | null = null;
  /** What the roster was told of last; null outside of a group. */
  private here: Here | null = null;
  private readonly rosters = new Newest();
  private accesses = 0;
  private stopped = false;

  constructor(
    private readonly tell: (m: FromWorker) => void,
    private readonly clock: Clock,
    private readonly openStore: () => Promise<KeyStore>,
  ) {
    this.transforms = new Transforms(
      () => this.frames,
      (m) => this.tell(m),
      () => clock.now(),
    );
  }

  /** Never rejects: what fails is told as a fault. */
  handle(m: ToWorker): Promise<void> {
    // Keys go at once, and nothing that still waits may bring them back.
    if (m.type === "stop") this.stop();
    this.queue = this.queue.then(async () => {
      if (this.stopped) return;
      await this.carryOut(m).catch(() =>
        this.fault("internal", "The encryption of this page failed."),
      );
    });
    return this.queue;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.queue;
    await this.group?.idle();
  }

  private fault(code: "card" | "link" | "internal", text: string): void {
    if (!this.stopped) this.tell({ type: "fault", code, text });
  }

  private async carryOut(m: ToWorker): Promise<void> {
    switch (m.type) {
      case "create":
        return this.create(m.title, m.postQuantum);
      case "open":
        return this.openLink(m.room, m.secret);
      case "reopen":
        return this.reopen();
      case "card":
        return this.takeCard(m.sealed);
      case "start":
        return this.start(m);
      case "group":
        void this.group?.receive(m.message); // it has its own order
        return;
      case "seats":
        this.frames?.setSeats(m.seats);
        this.transforms.setSeats(m.seats);
        return;
      case "say":
        void this.post?.say(m.payload, m.to).catch(() => {}); // the person went, or was never there
        return;
      case "file":
        void this.file(m.number, m.op); // in an order of its own: reading and sealing take time
        return;
      case "judge":
        if (!validName(m.name)) this.tell({ type: "misnamed", name: m.name });
        return;
      case "verify":
        return this.verify(m.sessions, m.on);
      case "rules":
        void this.group?.moderation.rule(async () => m.change);
        return;
      case "except":
        void this.group?.moderation.except(m.session, m.acts, m.on);
        return;
      case "withhold":
        void this.group?.moderation.withhold(m.acts, m.on);
        return;
      case "appoint":
        void this.group?.moderation.appoint(m.session, m.on);
        return;
      case "end":
        void this.group?.moderation.endForAll();
        return;
      case "change_link":
        void this.group?.moderation.changeLink();
        return;
      case "restart":
        void this.group?.moderation.restart();
        return;
      case "admit":
        void this.group?.moderation.admit(m.asks);
        return;
      case "remove":
        void this.group?.moderation.remove(m.session);
        return;
      case "send_back":
        void this.group?.moderation.sendBack(m.session);
        return;
      case "note":
        if (this.notes) void this.group?.moderation.note(this.notes, m.session, m.text);
        return;
      case "noted":
        return this.takeNote(m.body);
      case "count":
        this.tell({
          type: "counters",
          counters: structuredClone(this.transforms.counters),
          epochs: this.frames?.epochs() ?? [],
        });
        return;
      case "stop":
        return;
      default:
        m satisfies never;
    }
  }

  private whoAmI(): Promise<Self> {
    this.self ??= this.openStore().then(async (store) => ({
      store,
      device: await openDevice(store),
      seen: new Seen(store, () => this.clock.wall()),
    }));
    return this.self;
  }

  private async create(title: string, postQuantum: boolean): Promise<void> {
    const { store } = await this.whoAmI();
    const host = await newSigningKey();
    const hostKey = await rawPublic(host.publicKey);
    const room = await roomOf(hostKey);
    const secret = random(32);
    const keys = await deriveLinkKeys(room, secret);
    const suite = postQuantum ? SUITE_XWING : SUITE_X25519;
    await loadSuite(suite); // or nobody could join
    const card: Card = { hostKey, suite, linkNumber: 1, createdMs: this.clock.wall(), title };
    const sealed = await sealCard(room, keys.card, await signCard(room, card, host.privateKey));
    await store.put("keys", `host/${room}`, host);
    this.tell({
      type: "created",
      room,
      secret,
      hostKey,
      tokenHash: await sha256(keys.token),
      card: sealed,
      capacity: capacityOf(card),
    });
  }

  private async openLink(room: string, secret: Uint8Array): Promise<void> {
    this.endGroup();
    this.link = null;
    this.card = null;
    if (!/^[a-z2-7]{26}$/.test(room) || secret.length !== 32) {
      return this.fault("link", "This link is damaged. Copy the whole link again.");
    }
    const keys = await deriveLinkKeys(room, secret.slice());
    if (this.stopped) return;
    this.link = { room, keys };
    this.files?.clear();
    this.files = new FileBox(room, async (file, to) => this.post?.say(file, to));
    this.hosting = null;
    this.tell({
      type: "opened",
      room,
      token: keys.token.slice(),
      tokenHash: await sha256(keys.token),
    });
  }

  private async reopen(): Promise<void> {
    if (!this.link) throw new Error("worker: a wish to open before its link");
    const { room, keys } = this.link;
    const { store } = await this.whoAmI();
    const host = await openHost(store, room);
    const open = host && (await signOpen(room, await sha256(keys.token), host));
    const card = host && ((await store.get("keys", `card/${room}`)) as Uint8Array | undefined);
    const order = host && card ? await orderOf(room, keys, card, host).catch(() => null) : null;
    this.tell({ type: "reopen", open, card: card ?? null, order });
  }

  /** The server forgets a room in time; its host can bring it back. */
  private async keepCard(room: string, sealed: Uint8Array): Promise<void> {
    const { store } = await this.whoAmI();
    if (await openHost(store, room)) await store.put("keys", `card/${room}`, sealed);
  }

  private async takeCard(sealed: Uint8Array): Promise<void> {
    if (!this.link) throw new Error("worker: a card before its link");
    const { room, keys } = this.link;
    try {
      const opened = await openCard(room, keys.card, sealed);
      this.card = { card: opened.card, hash: await sha256(opened.encoded) };
    } catch {
      this.card = null;
      return this.fault("card", "This server's record of the meeting is damaged or forged.");
    }
    const { card } = this.card;
    await this.keepCard(room, sealed);
    await loadSuite(card.suite);
    const { title, createdMs, hostKey, suite } = card;
    const postQuantum = suite === SUITE_XWING;
    this.tell({ type: "card", title, createdMs, hostKey, postQuantum, capacity: capacityOf(card) });
  }

  private async start(m: ToWorker & { type: "start" }): Promise<void> {
    this.endGroup();
    if (!this.link || !this.card) throw new Error("worker: a start before link and card");
    const { room, keys } = this.link;
    const { card, hash } = this.card;
    const { device, seen } = await this.whoAmI();
    if (this.stopped) return;
    const frames = new Frames(room, this.clock);
    const hosting = await this.hostingOf(room, card);
    if (this.stopped) return;
    const post = new Post(room, m.session, this.files!, {
      say: (payload) => member.say(payload),
      said: ({ session, name }, self, payload, to) =>
        this.tell({ type: "said", session, name, self, payload, to }),
    });
    const member: GroupMember = new GroupMember(
      room,
      keys,
      card,
      hash,
      device,
      hosting,
      this.clock,
      {
        send: (message) => this.tell({ type: "send", message }),
        phase: (phase, epoch, mayRestart) => this.tell({ type: "phase", phase, epoch, mayRestart }),
        epoch: (e, infos, policy) => {
          frames.install(e);
          this.here = { epoch: e.epoch, me: e.self, infos, policy };
          void this.tellRoster(room, seen, this.here);
        },
        access: (...now) => void this.tellAccess(...now),
        apart: (sessions) => this.tell({ type: "apart", sessions: [...sessions] }),
        parting: (body) => this.tell({ type: "parting", body }),
        parted: (session, meant, reason) => this.tell({ type: "parted", session, meant, reason }),
        lost: () => {
          frames.halt();
          if (this.frames !== frames) return;
          this.here = null; // who was sent back waits, and is written to
          this.rosters.drop(); // one that is on its way would say that we are members
        },
        link: (next) => this.relinked(next),
        linkStays: () => this.tell({ type: "link_stays" }),
        said: (info, self, payload) => post.take(info, self, payload),
      },
    );
    this.frames = frames;
    this.group = member;
    this.post = post;
    const at = { room, host: card.hostKey, session: m.session };
    const envelope = (): Uint8Array<ArrayBuffer> => this.link?.keys.envelope ?? keys.envelope;
    this.notes = new Notes(at, envelope, hosting, () => this.clock.wall());
    void member.start(m.name, m.session, m.generation, m.founded, m.mark ?? null);
  }

  /** The link of the group is another from here on: the page shows it, and comes back by it. */
  private relinked({ secret, keys, card, cardHash, order }: NextLink): void {
    if (!this.link) return;
    for (const key of Object.values(this.link.keys) as Uint8Array[]) key.fill(0);
    this.link = { room: this.link.room, keys };
    this.card = { card, hash: cardHash };
    const { number, tokenHash, card: sealed } = order;
    const known = { number, tokenHash, card: sealed };
    this.tell({
      type: "relinked",
      secret: secret.slice(),
      token: keys.token.slice(),
      order: known,
    });
    void this.keepCard(this.link.room, order.card).catch(() => {}); // what cannot be kept is lost with the server only
  }

  /** Only who waits is written to. */
  private async takeNote(body: Uint8Array): Promise<void> {
    const text = (await this.notes?.take(body).catch(() => null)) ?? "";
    this.tell({ type: "written", text: this.here ? "" : text });
  }

  private async file(number: number, op: FileOp): Promise<void> {
    const answer = await this.files?.carryOut(op).catch(() => null);
    if (!this.stopped) this.tell({ type: "filed", number, answer: answer ?? null });
  }

  private async verify(sessions: string[], on: boolean): Promise<void> {
    const { seen } = await this.whoAmI();
    if (!this.link || !this.here) return;
    const { here } = this;
    const { me, infos } = here;
    const others = [...infos].filter(([leaf, i]) => leaf !== me && sessions.includes(i.session));
    await seen.verify(
      others.map(([, i]) => i),
      on,
    );
    // The group may have changed meanwhile; then its own roster, looked up after that, says who is verified.
    if (this.here === here) await this.tellRoster(this.link.room, seen, here);
  }

  /** What this browser may do in the room. It lives as long as the link is open; the host's policy is kept beyond. */
  private hostingOf(room: string, card: Card): Promise<Hosting> {
    this.hosting ??= this.whoAmI().then(async ({ store, device }) => {
      const host = await openHost(store, room);
      const hosting = new Hosting(room, card.hostKey, device, host);
      if (host) hosting.known = ((await store.get("keys", `policy2/${room}`)) as Policy) ?? OPEN;
      return hosting;
    });
    return this.hosting;
  }

  private async tellAccess(
    policy: Policy,
    moderates: boolean,
    waiting: readonly Asking[],
    mayRestart: boolean,
  ): Promise<void> {
    const { room } = this.link!;
    const { store, seen } = await this.whoAmI();
    const number = ++this.accesses;
    const hosting = await this.hosting;
    if (hosting?.hostSigner && policy.number > 0)
      await store.put("keys", `policy2/${room}`, policy);
    const list = await Promise.all(
      waiting.map(async ({ info, ask }) => {
        const { session, name } = info;
        return { session, ask, name, ...(await seen.look(info.deviceKey, name, false)) };
      }),
    );
    const { number: _, grant, exceptions, ...rules } = policy;
    const host = hosting?.hostSigner !== null;
    if (number === this.accesses)
      this.tell({ type: "access", rules, moderates, host, waiting: list, mayRestart });
  }

  private endGroup(): void {
    this.group?.stop();
    this.group = null;
    this.post?.close();
    this.post = null;
    this.notes = null;
    this.here = null;
    this.frames?.wipe();
    this.frames = null;
    this.rosters.drop();
    this.accesses++;
    this.transforms.setSeats([]);
  }

  /** Epochs may follow each other faster than the browser's store answers. */
  private tellRoster(room: string, seen: Seen, here: Here): Promise<void> {
    return this.rosters.do((dropped) => this.makeRoster(room, seen, here, dropped));
  }

  private async makeRoster(
    room: string,
    seen: Seen,
    { epoch, me, infos, policy }: Here,
    dropped: () => boolean,
  ): Promise<void> {
    const members = await Promise.all(
      [...infos].map(
        async ([leaf, i]): Promise<Member> => ({
          session: i.session,
          leaf,
          id: i.member,
          name: i.name,
          self: leaf === me,
          ...(await seen.look(i.deviceKey, i.name)),
          role: roleOf(policy.grant, i.deviceKey),
          withheld: withholds(policy, i.deviceKey),
        }),
      ),
    );
    const keys = [...infos.values()].map((i) => i.deviceKey);
    const code = await rosterCode(room, keys);
    const emoji = await rosterEmoji(room, keys);
    if (!dropped()) this.tell({ type: "roster", epoch, code, emoji, members });
  }

  private stop(): void {
    this.endGroup();
    if (this.link) for (const key of Object.values(this.link.keys) as Uint8Array[]) key.fill(0);
    this.link = null;
    this.files?.clear();
    this.files = null;
    this.card = null;
    this.hosting = null;
    this.self = null;
    this.stopped = true;
  }
}
