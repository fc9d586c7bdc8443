/** Every parser of the client that reads what others have written, and what must hold of all that it reads. For tests only. */
import { deepStrictEqual } from "node:assert";
import {
  type Authority,
  checkAdmissions,
  makeGrant,
  OPEN,
  parsePolicy,
  signAdmissions,
  signPolicy,
} from "../../src/e2ee/access";
import { decodeApp, encodeApp } from "../../src/e2ee/app";
import { cat, text, unhex, utf8 } from "../../src/e2ee/bytes";
import { openCard, sealCard, signCard } from "../../src/e2ee/card";
import { newSigningKey, rawPublic } from "../../src/e2ee/device";
import { openEnvelope, sealEnvelope } from "../../src/e2ee/envelope";
import { admissionMac, checkLeafInfo, type Device, makeLeafInfo } from "../../src/e2ee/leaf";
import { formatLink, parseLink, roomOf } from "../../src/e2ee/link";
import {
  type Bytes,
  DecodeError,
  decode,
  empty,
  encode,
  type Reader,
  type Writer,
} from "../../src/e2ee/mls/codec";
import {
  decAuthenticated,
  decCommit,
  decGroupSecrets,
  decProposal,
  decUpdatePath,
  encAuthenticated,
  encCommit,
  encGroupSecrets,
  encProposal,
  encUpdatePath,
} from "../../src/e2ee/mls/messages";
import { getSuite } from "../../src/e2ee/mls/suite";
import { Tree } from "../../src/e2ee/mls/tree";
import { decodeMessage, encodeMessage } from "../../src/e2ee/mls/types";
import type { CodecName } from "../../src/e2ee/protocol";
import { decodeHeader, encodeHeader } from "../../src/e2ee/sframe";
import { pad, unpad, unwrap, wrap } from "../../src/e2ee/wrap";
import { encode as encodeWire, json, WireError } from "../../src/wire/check";
import {
  parseCreateRoom,
  parseDepart,
  parseError,
  parseLook,
  parseLooked,
  parseRedeem,
  parseRedeemed,
  parseServer,
} from "../../src/wire/wire.gen";
import { add, founder, keyPackage } from "../mls";
import { ours } from "../vectors";

/** run throws when something does not hold; seeds are what it begins with. */
export interface Target {
  name: string;
  seeds: Bytes[];
  run(b: Bytes): void | Promise<void>;
}

const same = (got: Uint8Array, want: Uint8Array, what: string): void =>
  deepStrictEqual(Buffer.from(got), Buffer.from(want), `${what} with two encodings`);

/** What is read, or undefined when it is refused in the way that refused says. */
function reads<T>(f: () => T, refused: (e: unknown) => boolean): T | undefined {
  try {
    return f();
  } catch (e) {
    if (refused(e)) return undefined;
    throw e;
  }
}

/** Of parsers that say no by any error; what must not happen there is that they say yes. */
async function opens<T>(f: () => Promise<T>): Promise<T | undefined> {
  try {
    return await f();
  } catch {
    return undefined;
  }
}

const malformed = (e: unknown): boolean => e instanceof DecodeError;

async function mls(): Promise<Target[]> {
  const g = await founder();
  const own = await keyPackage("x");
  const made = await g.commit({ proposals: [add(own)], public: true });
  const wide = await made.next.commit({ public: true });
  const messages = [
    made.commit,
    made.welcome!,
    { wire: 4 as const, groupInfo: await made.next.groupInfo(true, true) },
    { wire: 5 as const, keyPackage: own.kp },
    await made.next.encrypt(new Uint8Array(9)),
    wide.commit,
  ].map(encodeMessage);
  const s = getSuite(1);
  const parts: [string, (w: Writer, v: never) => void, (r: Reader) => unknown][] = [
    ["commit", encCommit as never, decCommit],
    ["proposal", encProposal as never, decProposal],
    ["group secrets", encGroupSecrets as never, decGroupSecrets],
    ["content", encAuthenticated as never, decAuthenticated],
    ["path", encUpdatePath as never, decUpdatePath],
  ];
  const inner = messages.flatMap((m) => [4, 5, 40, 60].map((n) => m.slice(n)));
  return [
    {
      name: "mls-message",
      seeds: messages,
      run(b) {
        const m = reads(() => decodeMessage(b), malformed);
        if (m) same(encodeMessage(m), b, "a message");
      },
    },
    {
      name: "mls-tree",
      seeds: [made.next.tree.marshal(), wide.next.tree.marshal()],
      run(b) {
        const t = reads(
          () => Tree.parse(s, b),
          (e) => e instanceof Error,
        );
        if (t) same(t.marshal(), b, "a tree");
      },
    },
    {
      name: "mls-parts",
      seeds: inner,
      run(b) {
        for (const [what, enc, dec] of parts) {
          const v = reads(() => decode(b, dec), malformed);
          if (v !== undefined)
            same(
              encode((w) => enc(w, v as never)),
              b,
              what,
            );
        }
      },
    },
  ];
}

async function statements(): Promise<Target[]> {
  const hostKey = await newSigningKey();
  const publicKey = await rawPublic(hostKey.publicKey);
  const sign = async (b: Bytes): Promise<Bytes> =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", hostKey.privateKey, b));
  const host: Device = { publicKey, sign };
  const room = await roomOf(publicKey);
  const key = unhex("07".repeat(32));
  const card = { hostKey: publicKey, suite: 1, linkNumber: 1, createdMs: 1, title: "Zoë" };
  const signedCard = await signCard(room, card, hostKey.privateKey);
  const place = { room, type: 2, generation: 1, epoch: 7 };
  const sealed = await sealEnvelope(key, place, utf8("hello"));
  const at = { room, linkNumber: 1, memberId: unhex("01".repeat(16)), signatureKey: publicKey };
  const leaf = await makeLeafInfo(key, at, host, "session", "Ann");
  const a: Authority = { room, host: publicKey, groupId: utf8("group") };
  const grant = await makeGrant(room, [], publicKey, [publicKey], host);
  const policies = await Promise.all(
    [
      { ...OPEN, number: 1 },
      { ...OPEN, number: 9, lobby: true, locked: true, full: 7, ends: 5, grant },
    ].map((p) => signPolicy(a, p, host)),
  );
  const admitted = await signAdmissions(a, { ...OPEN, number: 7, lobby: true }, [key], host);
  return [
    {
      name: "envelope",
      seeds: [sealed, empty],
      async run(b) {
        if ((await opens(() => openEnvelope(key, place, b))) && !Buffer.from(b).equals(sealed))
          throw new Error("an envelope opens that nobody has sealed");
        same(await openEnvelope(key, place, await sealEnvelope(key, place, b)), b, "a plaintext");
      },
    },
    {
      name: "card", // signed by the host, whatever it says
      seeds: [signedCard.slice(0, -64)],
      async run(b) {
        const encoded = cat(b, await sign(cat(utf8("incamera card v1"), utf8(room), b)));
        const opened = await opens(async () =>
          openCard(room, key, await sealCard(room, key, encoded)),
        );
        if (opened) same(await signCard(room, opened.card, hostKey.privateKey), encoded, "a card");
      },
    },
    {
      name: "leaf", // vouched for, whatever it says
      seeds: [leaf.slice(0, -96)],
      async run(b) {
        const mac = await admissionMac(key, at, publicKey);
        const named = reads(
          () => decode(b, (r) => [r.u8(), r.opaque(), r.take(32), r.opaque()] as const),
          malformed,
        );
        if (!named) return;
        const said = cat(
          utf8("incamera leaf v1"),
          Uint8Array.of(0),
          utf8(room),
          at.memberId,
          at.signatureKey,
          encode((w) => w.opaque(named[1])),
          encode((w) => w.opaque(named[3])),
        );
        const encoded = cat(b, mac, await sign(said));
        const info = await opens(() => checkLeafInfo(key, at, encoded));
        if (info)
          same(await makeLeafInfo(key, at, host, info.session, info.name), encoded, "a leaf");
      },
    },
    {
      name: "policy", // signed by the host, whatever it says
      seeds: policies.map((p) => p.slice(0, -96)),
      async run(b) {
        const fields = cat(b, publicKey);
        const bound = encode((w) => w.opaque(a.groupId));
        const encoded = cat(
          fields,
          await sign(cat(utf8("incamera policy v1"), Uint8Array.of(0), bound, fields)),
        );
        const p = await opens(() => parsePolicy(a, encoded));
        if (p) same(await signPolicy(a, p, host), encoded, "a policy");
      },
    },
    {
      name: "admissions",
      seeds: [admitted, empty],
      async run(b) {
        const policy = { ...OPEN, number: 7, lobby: true };
        const lets = async (packages: Bytes[]): Promise<boolean> =>
          (await opens(() => checkAdmissions(a, policy, packages, b).then(() => true))) ?? false;
        if ((await lets([key])) && !Buffer.from(b).equals(admitted))
          throw new Error("somebody is let in for whom nobody has signed");
        if ((await lets([])) && b.length > 0) throw new Error("a signature for nobody");
      },
    },
  ];
}

const codecs: CodecName[] = ["opus", "vp8", "vp9", "av1", "h264"];

const frames: Target[] = [
  {
    name: "sframe-header",
    seeds: [encodeHeader(0n, 0n), encodeHeader(0x1ffffn, 7n), encodeHeader(9n, 1n << 40n)],
    run(b) {
      const h = decodeHeader(b);
      if (h) same(encodeHeader(h.kid, h.ctr), b.slice(0, h.length), "a header");
    },
  },
  {
    name: "wrapper",
    seeds: codecs.flatMap((c) => [true, false].map((k) => wrap(c, k, utf8("\0\0\0\x01 a frame")))),
    run(b) {
      for (const c of codecs) {
        unwrap(c, b.slice());
        for (const k of [true, false]) {
          const back = unwrap(c, wrap(c, k, b.slice()).slice());
          if (b.length > 0 && !back) throw new Error(`${c}: what was wrapped does not come out`);
          if (back) same(back, b, `a ${c} frame`);
        }
      }
    },
  },
  {
    name: "padding",
    seeds: codecs.map((c) => pad(c, utf8("a frame"))),
    run(b) {
      const plain = unpad(b);
      if (!plain) return;
      const again = pad("vp8", plain);
      same(again, b.slice(0, again.length), "a plaintext");
      if (b.subarray(again.length).some((z) => z !== 0)) throw new Error("hidden behind the end");
    },
  },
  {
    name: "app",
    seeds: [
      encodeApp({ kind: "chat", id: "0123456789abcdef", text: "hello é" }),
      encodeApp({ kind: "state", mic: true, camera: false, screen: true }),
      encodeApp({ kind: "hand", ticket: 3 }),
      encodeApp({ kind: "reaction", sign: "heart" }),
    ],
    run(b) {
      const padded = cat(b, new Uint8Array((256 - (b.length % 256)) % 256)); // or little is read
      const said = reads(
        () => decodeApp(padded),
        (e) => e instanceof Error,
      );
      if (said) deepStrictEqual(decodeApp(encodeApp(said)), said);
    },
  },
];

const refused = (e: unknown): boolean => e instanceof WireError;

function wire(): Target[] {
  const vectors = ours<Record<string, unknown>>("wire");
  const of = (side: string): Bytes[] =>
    vectors
      .filter((v) => v.name.startsWith(`${side}.`))
      .map((v) => utf8(JSON.stringify(v.content)));
  const latin = (b: Bytes): string => Buffer.from(b).toString("latin1");
  const bodies = [
    parseCreateRoom,
    parseDepart,
    parseError,
    parseLook,
    parseLooked,
    parseRedeem,
    parseRedeemed,
  ];
  return [
    {
      name: "wire-server",
      seeds: of("server"),
      run(b) {
        const read = reads(() => parseServer(latin(b)), refused);
        if (!read) return;
        const written = encodeWire(read.message, read.head);
        deepStrictEqual(parseServer(written), read);
      },
    },
    {
      name: "wire-body",
      seeds: of("http"),
      run(b) {
        for (const parse of bodies as ((text: string) => object)[]) {
          const read = reads(() => parse(latin(b)), refused);
          if (read) deepStrictEqual(parse(json(read)), read);
        }
      },
    },
    {
      name: "link",
      seeds: [utf8(`/r/${"a".repeat(26)}#1.${"A".repeat(43)}`)],
      run(b) {
        const [path, fragment] = [latin(b).split("#")[0]!, latin(b).slice(latin(b).indexOf("#"))];
        const parsed = parseLink(path, fragment);
        if ("problem" in parsed) return;
        const again = new URL(formatLink("https://x", parsed.room, parsed.secret));
        deepStrictEqual(parseLink(again.pathname, again.hash), parsed);
        if (again.hash !== fragment) throw new Error(`a link with two forms: ${text(b)}`);
      },
    },
  ];
}

export const targets = async (): Promise<Target[]> => [
  ...(await mls()),
  ...(await statements()),
  ...frames,
  ...wire(),
];
