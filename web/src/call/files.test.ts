import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CryptoClient } from "../e2ee/client";
import { CHUNK } from "../e2ee/file";
import { FileBox } from "../e2ee/filebox";
import type { AppPayload, FileOp } from "../e2ee/protocol";
import { Refusal } from "../wire/http";
import { FakeClock, FakeFiles, settle } from "./fake";
import { cleanName, sizeWords, typeOf } from "./filenames";
import { Files, nextPiece } from "./files";
import type { FileInfo } from "./model";

const room = "a".repeat(26);
const gone = new Refusal("unreachable", "");
type Announced = AppPayload & { kind: "file" };

/** Ann sends, Ben fetches; both have a worker's real keys, and one server in between. */
function meeting() {
  const clock = new FakeClock();
  const server = new FakeFiles();
  const announced: { file: Announced; to: string }[] = [];
  const saved: { blob: Blob; name: string }[] = [];
  const warned: string[] = [];
  const revoked: string[] = [];
  let urls = 0;
  const boxes: FileBox[] = [];
  const person = () => {
    const box = new FileBox(room, async (file, to) => void announced.push({ file, to }));
    boxes.push(box);
    const files = new Files({
      room,
      token: () => new Uint8Array(32),
      client: { file: (op: FileOp) => box.carryOut(op) } as unknown as CryptoClient,
      door: server.door,
      now: () => clock.now,
      after: clock.after,
      save: (blob, name) => void saved.push({ blob, name }),
      url: { create: () => `blob:${++urls}`, revoke: (url) => void revoked.push(url) },
      warn: (text) => void warned.push(text),
    });
    files.restart("ann", new Uint8Array(32), 1 << 22);
    return files;
  };
  const [ann, ben] = [person(), person()];
  /** Ben hears what was announced last. */
  const hear = (change: Partial<Announced> = {}): FileInfo => {
    const last = { ...announced.at(-1)!.file, ...change };
    const { id, name, size, type } = boxes[1]!.take("ann", last);
    return { key: `ann ${id}`, session: "ann", id, name, size, type };
  };
  return { clock, server, announced, saved, warned, revoked, ann, ben, hear };
}

const text = "the plain text of a file ";
const fileOf = (n: number, name = "Plan.txt", type = "text/plain"): File =>
  new File([text.repeat(Math.ceil(n / text.length)).slice(0, n)], name, { type });

/** Lets files be read, sealed and sent, with time passing for what waits for it. */
async function until(m: ReturnType<typeof meeting>, done: () => boolean): Promise<void> {
  // Sealing takes real time, on a busy machine more of it.
  for (const end = performance.now() + 30_000; !done() && performance.now() < end; ) {
    await m.clock.pass(250);
    await settle();
  }
  assert(done(), "it does not come to an end");
}

async function sent(m: ReturnType<typeof meeting>, file: File, to = ""): Promise<void> {
  const before = m.announced.length;
  m.ann.send([file], to);
  await until(m, () => m.announced.length > before);
}

const stateOf = (files: Files, f: FileInfo) => files.incoming.value.get(f.key)?.state;

describe("files", () => {
  it("come whole, and the server sees neither content nor name", async () => {
    const m = meeting();
    const file = fileOf(5 * CHUNK + 7);
    await sent(m, file, "ben");
    assert.deepEqual(m.ann.outgoing.value, []);
    assert.equal(m.announced[0]?.to, "ben");
    const info = m.hear();
    assert.deepEqual([info.name, info.size, info.type], ["Plan.txt", file.size, "text/plain"]);
    for (const { data } of m.server.kept.values()) {
      assert(data.length > file.size);
      assert(!Buffer.from(data).includes("plain text"));
    }
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "ready");
    m.ben.save(info.key);
    assert.equal(m.saved[0]?.name, "Plan.txt");
    assert.equal(m.saved[0]?.blob.type, "application/octet-stream");
    assert.deepEqual(await m.saved[0]?.blob.bytes(), await file.bytes());
  });

  it("go on after breaks, in both directions, from where they were", async () => {
    const m = meeting();
    m.server.troubles = [gone, undefined];
    m.server.cut = 1234; // in the middle of a chunk
    await sent(m, fileOf(3 * CHUNK));
    const info = m.hear();
    m.server.troubles = [undefined, gone, gone];
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "ready");
    m.ben.save(info.key);
    assert.deepEqual(await m.saved[0]?.blob.bytes(), await fileOf(3 * CHUNK).bytes());
  });

  it("say so when the server does not answer for long, and can be tried again", async () => {
    const m = meeting();
    m.server.troubles = Array.from({ length: 7 }, () => gone);
    m.ann.send([fileOf(10)], "");
    await until(m, () => m.ann.outgoing.value[0]?.state === "waiting");
    await until(m, () => m.ann.outgoing.value[0]?.state === "failed");
    assert.match(m.ann.outgoing.value[0]!.problem, /does not answer/);
    m.ann.retry(m.ann.outgoing.value[0]!.id);
    await until(m, () => m.announced.length === 1);
  });

  it("are refused when the server swaps, alters, shortens or loses them", async () => {
    const m = meeting();
    await sent(m, fileOf(4 * CHUNK));
    const first = m.announced[0]!.file;
    await sent(m, fileOf(4 * CHUNK, "Other.txt"));
    const other = m.announced[1]!.file;
    const sealed = m.server.kept.get(first.id)!;
    const whole = sealed.data;
    const lies: Record<string, () => void> = {
      "a bit": () => {
        m.server.tamper = (d) => d.map((b, i) => (i === 70_000 ? b ^ 1 : b));
      },
      "swapped chunks": () => {
        const step = CHUNK + 16;
        sealed.data = Uint8Array.from([
          ...whole.slice(step, 2 * step),
          ...whole.slice(0, step),
          ...whole.slice(2 * step),
        ]);
      },
      "another file": () => {
        sealed.data = m.server.kept.get(other.id)!.data;
      },
      "cut short": () => {
        sealed.data = whole.slice(0, -1);
      },
    };
    for (const [what, lie] of Object.entries(lies)) {
      sealed.data = whole;
      m.server.tamper = (d) => d;
      lie();
      const info = m.hear(first);
      m.ben.fetch(info);
      await until(m, () => stateOf(m.ben, info) === "failed");
      assert.match(m.ben.incoming.value.get(info.key)!.problem, /not the file that was sent/, what);
      m.ben.save(info.key);
      assert.equal(m.saved.length, 0, what);
    }
    m.server.kept.delete(first.id);
    const info = m.hear(first);
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "failed");
    assert.match(m.ben.incoming.value.get(info.key)!.problem, /no longer on the server/);
  });

  it("are refused when a member who knows the key put another in their place", async () => {
    const m = meeting();
    await sent(m, fileOf(10));
    const info = m.hear({ digest: "00".repeat(32) });
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "failed");
    assert.match(m.ben.incoming.value.get(info.key)!.problem, /not the file that was sent/);
  });

  it("are taken back when they are cancelled, and never announced", async () => {
    const m = meeting();
    m.server.troubles = [undefined, gone];
    m.ann.send([fileOf(4 * CHUNK)], "");
    await until(m, () => m.ann.outgoing.value[0]?.state === "waiting");
    m.ann.cancel(m.ann.outgoing.value[0]!.id);
    await until(m, () => m.server.removed.length === 1);
    assert.deepEqual([m.ann.outgoing.value, m.announced, m.server.kept.size], [[], [], 0]);
  });

  it("that are fetched stop when asked to, and go on from there", async () => {
    const m = meeting();
    await sent(m, fileOf(20 * CHUNK));
    const info = m.hear();
    m.server.troubles = [undefined, gone];
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "waiting");
    m.ben.stop(info.key);
    assert.equal(stateOf(m.ben, info), undefined);
    m.ben.fetch(info);
    await until(m, () => stateOf(m.ben, info) === "ready");
  });

  it("too large are not begun, and a server without files takes none", async () => {
    const m = meeting();
    m.ann.send([fileOf((1 << 22) + 1)], "");
    assert.match(m.warned[0] ?? "", /“Plan.txt” is too large: this server takes files of up to 4/);
    m.ann.restart("ann", new Uint8Array(32), 0);
    assert.equal(m.ann.max.value, 0);
    m.ann.send([fileOf(1)], "");
    await settle();
    assert.equal(m.ann.outgoing.value.length, 0);
  });

  it("of a session that is over fail, and can be sent in the next", async () => {
    const m = meeting();
    m.server.troubles = [undefined, gone];
    m.ann.send([fileOf(10)], "");
    await until(m, () => m.ann.outgoing.value[0]?.state === "waiting");
    m.ann.restart("ann2", new Uint8Array(32), 1 << 22);
    assert.equal(m.ann.outgoing.value[0]?.state, "failed");
    m.ann.retry(m.ann.outgoing.value[0]!.id);
    await until(m, () => m.announced.length === 1);
  });

  it("are shown when they are pictures, after a click, and never otherwise", async () => {
    const m = meeting();
    for (const [type, shown] of [
      ["image/png", true],
      ["image/svg+xml", false],
      ["text/html", false],
      ["", false],
    ] as const) {
      await sent(m, fileOf(10, "a", type));
      const info = m.hear();
      m.ben.fetch(info);
      await until(m, () => stateOf(m.ben, info) === "ready");
      assert.equal(m.ben.incoming.value.get(info.key)?.preview, "");
      m.ben.preview(info.key);
      const { preview } = m.ben.incoming.value.get(info.key)!;
      assert.equal(preview !== "", shown, type);
      if (!shown) continue;
      m.ben.preview(info.key);
      assert.deepEqual(m.revoked, [preview]);
    }
  });
});

describe("names of files", () => {
  it("are no paths, hide nothing and are not too long", () => {
    for (const [name, want] of [
      ["Plan.txt", "Plan.txt"],
      ["../../etc/passwd", "__.._etc_passwd"],
      ["C:\\x\\y.exe", "C__x_y.exe"],
      ["photo\u202egpj.exe", "photogpj.exe"],
      [".bashrc", "_bashrc"],
      ["..", "_"],
      ["  \u0000 ", "file"],
      ["a. . ", "a"],
    ] as const)
      assert.equal(cleanName(name), want);
    const long = cleanName(`${"x".repeat(500)}.tar.gz`);
    assert(long.length === 200 && long.endsWith(".gz"));
    assert.equal(typeOf("Text/HTML; charset=utf-8"), "text/html");
    assert.equal(typeOf("rubbish"), "");
  });

  it("have sizes that people read", () => {
    assert.match(sizeWords(0), /^0 byte/);
    assert.match(sizeWords(999_999), /^1 MB/);
    assert.match(sizeWords(1_450_000), /^1\.5 MB|^1\.4 MB/);
  });
});

it("pieces grow on quick lines and shrink on slow ones", () => {
  assert.deepEqual([nextPiece(4, 10), nextPiece(32, 10), nextPiece(4, 3000)], [8, 32, 4]);
  assert.deepEqual([nextPiece(4, 9000), nextPiece(1, 9000)], [2, 1]);
});
