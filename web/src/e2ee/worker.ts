/** The crypto worker: the only place in the page that holds a key. It imports nothing from outside this folder but @noble. */
import { hex, random, sha256 } from "./bytes";
import { type Card, openCard, sealCard, signCard } from "./card";
import { firstSeen, type KeyStore, newSigningKey, openDevice, openKeyStore, rawPublic } from "./device";
import { type Clock, Frames } from "./frames";
import { GroupMember } from "./group";
import type { Device } from "./leaf";
import { deriveLinkKeys, type LinkKeys, roomOf } from "./link";
import type { Infos } from "./policy";
import type { FromWorker, Member, ToWorker } from "./protocol";
import { type TransformEvent, Transforms } from "./transform";
import { rosterCode } from "./verify";

interface Scope {
  postMessage(m: FromWorker): void;
  onmessage: ((e: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((e: TransformEvent) => void) | null;
  close(): void;
}
const scope = self as unknown as Scope;
const tell = (m: FromWorker): void => scope.postMessage(m);

const clock: Clock = {
  now: () => performance.now(),
  after(ms, f) {
    const t = setTimeout(f, ms);
    return () => clearTimeout(t);
  },
};

let identity: Promise<{ store: KeyStore; device: Device }> | null = null;
let link: { room: string; keys: LinkKeys } | null = null;
let card: { card: Card; hash: Uint8Array<ArrayBuffer> } | null = null;
let group: GroupMember | null = null;
let frames: Frames | null = null;
const transforms = new Transforms(() => frames, tell, clock.now);

function whoAmI(): Promise<{ store: KeyStore; device: Device }> {
  identity ??= openKeyStore().then(async (store) => ({ store, device: await openDevice(store) }));
  return identity;
}

async function create(title: string): Promise<void> {
  const { store } = await whoAmI();
  const host = await newSigningKey();
  const hostKey = await rawPublic(host.publicKey);
  const room = await roomOf(hostKey);
  const secret = random(32);
  const keys = await deriveLinkKeys(room, secret);
  const terms: Card = { hostKey, suite: 1, linkNumber: 1, createdMs: Date.now(), title };
  const sealed = await sealCard(room, keys.card, await signCard(room, terms, host.privateKey));
  await store.put("keys", `host/${room}`, host);
  tell({ type: "created", room, secret, hostKey, tokenHash: await sha256(keys.token), card: sealed });
}

async function openLink(room: string, secret: Uint8Array): Promise<void> {
  const keys = await deriveLinkKeys(room, secret.slice());
  link = { room, keys };
  card = null;
  tell({ type: "opened", room, token: keys.token, tokenHash: await sha256(keys.token) });
}

async function takeCard(sealed: Uint8Array): Promise<void> {
  if (!link) throw new Error("worker: a card before its link");
  try {
    const opened = await openCard(link.room, link.keys.card, sealed);
    card = { card: opened.card, hash: await sha256(opened.encoded) };
  } catch {
    tell({ type: "fault", code: "card", text: "This server's record of the meeting is damaged or forged." });
    return;
  }
  const { title, createdMs, hostKey, suite } = card.card;
  tell({ type: "card", title, createdMs, hostKey, suite });
}

async function start(m: ToWorker & { type: "start" }): Promise<void> {
  if (!link || !card) throw new Error("worker: a start before link and card");
  const { store, device } = await whoAmI();
  group?.stop();
  frames?.wipe();
  const mine = new Frames(link.room, clock);
  frames = mine;
  const { room, keys } = link;
  const member: GroupMember = new GroupMember(room, keys, card.card, card.hash, device, clock, {
    send: (message) => tell({ type: "send", message }),
    phase: (phase, epoch) => tell({ type: "phase", phase, epoch }),
    epoch(e, infos) {
      mine.install(e);
      void tellRoster(room, store, e.epoch, e.self, infos);
    },
    said: (info, isSelf, payload) => tell({ type: "said", session: info.session, name: info.name, self: isSelf, payload }),
    broken: (text) => tell({ type: "fault", code: "group", text }),
  });
  group = member;
  await member.start(m.name, m.session, m.generation, m.founded, m.sessions);
}

let rosterNumber = 0;

async function tellRoster(room: string, store: KeyStore, epoch: number, me: number, infos: Infos): Promise<void> {
  const number = ++rosterNumber;
  const now = Date.now();
  const members = await Promise.all(
    [...infos].map(async ([leaf, i]): Promise<Member> => {
      const device = hex(await sha256(i.deviceKey)).slice(0, 16);
      const seen = await firstSeen(store, i.deviceKey, now).catch(() => now);
      return { session: i.session, leaf, name: i.name, self: leaf === me, device, firstSeen: seen };
    }),
  );
  const code = await rosterCode(
    room,
    [...infos.values()].map((i) => i.deviceKey),
  );
  if (number === rosterNumber) tell({ type: "roster", epoch, code, members });
}

async function handle(m: ToWorker): Promise<void> {
  switch (m.type) {
    case "create":
      return create(m.title);
    case "open":
      return openLink(m.room, m.secret);
    case "card":
      return takeCard(m.sealed);
    case "start":
      return start(m);
    case "group":
      return group?.receive(m.message);
    case "seats":
      frames?.setSeats(m.seats);
      for (const s of m.seats) transforms.seatChanged(s.index, s.session);
      return;
    case "say":
      await group?.say(m.payload);
      return;
    case "count":
      tell({ type: "counters", counters: structuredClone(transforms.counters) });
      return;
    case "stop":
      group?.stop();
      frames?.wipe();
      group = null;
      frames = null;
      link = null;
      card = null;
      return;
    default:
      m satisfies never;
  }
}

scope.onmessage = (e) => {
  handle(e.data).catch(() => tell({ type: "fault", code: "internal", text: "The encryption of this page failed." }));
};
scope.onrtctransform = (e) => transforms.attach(e.transformer);
