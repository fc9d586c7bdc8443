import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { encode, json, parse, WireError } from "./check";
import {
  decodeClientMessage,
  encodeClient,
  parseCreateRoom,
  parseDepart,
  parseError,
  parseFileOpened,
  parseFileReceived,
  parseLook,
  parseLooked,
  parseOpenFile,
  parseProbe,
  parseProbed,
  parseRedeem,
  parseRedeemed,
  parseServer,
} from "./wire.gen";

const dir = ["../testdata/wire/", "testdata/wire/"].find((d) => existsSync(d));
assert(dir, "no testdata/wire: run from the repository or from web/");

function vectors(side: string): [file: string, text: string][] {
  const files = readdirSync(dir as string).filter((f) => f.startsWith(`${side}.`));
  assert(files.length > 0, `no vectors of ${side}`);
  return files.map((f) => [f, readFileSync(dir + f, "utf8").trim()]);
}

function headOf(text: string) {
  const { n = 0, ack = 0 } = JSON.parse(text) as { n?: number; ack?: number };
  return { n, ack };
}

const bodies: Record<string, (text: string) => object> = {
  "http.CreateRoom.json": parseCreateRoom,
  "http.Depart.json": parseDepart,
  "http.Look.json": parseLook,
  "http.Looked.json": parseLooked,
  "http.Redeem.json": parseRedeem,
  "http.Redeemed.json": parseRedeemed,
  "http.Probe.json": parseProbe,
  "http.Probed.json": parseProbed,
  "http.Error.json": parseError,
  "http.OpenFile.json": parseOpenFile,
  "http.FileOpened.json": parseFileOpened,
  "http.FileReceived.json": parseFileReceived,
};

test("every vector of the server is read, and written back identically", () => {
  for (const [file, text] of vectors("server")) {
    const { head, message } = parseServer(text);
    assert.deepEqual(head, headOf(text), file);
    assert.equal(encode(message, head), text, file);
  }
});

test("every vector of the client is written identically", () => {
  for (const [file, text] of vectors("client")) {
    assert.equal(encodeClient(decodeClientMessage(parse(text)), headOf(text)), text, file);
  }
});

test("every HTTP body is read, and written back identically", () => {
  for (const [file, text] of vectors("http")) {
    const read = bodies[file];
    assert(read, `${file} is unknown to this test`);
    assert.equal(json(read(text)), text, file);
  }
});

test("a lying server is caught, and not quoted", () => {
  const lies: Record<string, string> = {
    "not JSON": "canary",
    "a list": "[]",
    null: "null",
    "no type": "{}",
    "an unknown type": '{"type":"canary"}',
    "a type of Object": '{"type":"constructor"}',
    "a message of the client": '{"type":"leave","n":1}',
    "a missing field": '{"type":"arrived","n":1}',
    "a wrong type": '{"type":"arrived","n":1,"session":7}',
    "a null": '{"type":"arrived","n":1,"session":null}',
    "an unknown reason": '{"type":"left","n":1,"session":"a","reason":"canary"}',
    "a negative number": '{"type":"reset","n":1,"generation":-1}',
    "a fraction": '{"type":"reset","n":1,"generation":1.5}',
    "beyond 32 bits": '{"type":"reset","n":1,"generation":4294967296}',
    "beyond 2^53": '{"type":"commit_refused","n":1,"generation":1,"epoch":9007199254740993}',
    "n a string": '{"type":"reset","n":"1","generation":1}',
    "bytes with white space": '{"type":"asked","n":1,"generation":1,"from":"a","body":"AA= ="}',
    "bytes without padding": '{"type":"asked","n":1,"generation":1,"from":"a","body":"AA"}',
    "bytes not canonical": '{"type":"asked","n":1,"generation":1,"from":"a","body":"AB=="}',
    "bytes in base64url": '{"type":"asked","n":1,"generation":1,"from":"a","body":"_-AA"}',
    "a list that is none": '{"type":"sources_of","n":1,"session":"a","on":{"0":"mic"}}',
    "a bad item": '{"type":"sources_of","n":1,"session":"a","on":["canary"]}',
    "a nested lie": '{"type":"seats","n":1,"seats":[{"index":0,"source":"mic","session":1}]}',
  };
  for (const [name, text] of Object.entries(lies)) {
    assert.throws(
      () => parseServer(text),
      (e) => e instanceof WireError && !e.message.includes("canary"),
      name,
    );
  }
});

test("unknown fields are dropped, n and ack are read apart", () => {
  const { head, message } = parseServer('{"type":"reset","n":3,"later":1,"generation":2,"ack":9}');
  assert.deepEqual(
    [head, message],
    [
      { n: 3, ack: 9 },
      { type: "reset", generation: 2 },
    ],
  );
});

test("large bodies survive", () => {
  const body = Uint8Array.from({ length: (1 << 21) + 1 }, (_, i) => (i * 31) >> 3);
  const text = encode({ type: "asked", generation: 1, from: "a", body } as { type: string }, {
    n: 1,
    ack: 0,
  });
  const { message } = parseServer(text);
  assert(message.type === "asked");
  assert.deepEqual(Buffer.from(message.body), Buffer.from(body));
});
