import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoClient, openWorker, WorkerFault, type WorkerLike } from "./client";
import type { FromWorker, ToWorker } from "./protocol";

function fake() {
  const posted: ToWorker[] = [];
  const worker: WorkerLike = {
    postMessage: (m) => void posted.push(m as ToWorker),
    onmessage: null,
    onerror: null,
    terminate: () => {},
  };
  const client = new CryptoClient(worker);
  const tell = (m: FromWorker): void => worker.onmessage?.({ data: m } as MessageEvent);
  return { posted, client, tell, crash: () => worker.onerror?.({} as ErrorEvent) };
}

const opened: FromWorker = {
  type: "opened",
  room: "r",
  token: new Uint8Array(0),
  tokenHash: new Uint8Array(0),
};
const counters: FromWorker = { type: "counters", counters: {} as never, epochs: [] };

test("only scripts of our own assets become workers", () => {
  const made: { url: unknown; options: unknown }[] = [];
  const globals = globalThis as unknown as Record<string, unknown>;
  let policies = 0;
  globals.trustedTypes = {
    createPolicy: (name: string, rules: { createScriptURL(u: string): string }) => {
      assert.equal(name, "incamera");
      policies++;
      return { createScriptURL: (u: string) => `trusted ${rules.createScriptURL(u)}` };
    },
  };
  globals.Worker = class {
    constructor(url: unknown, options: unknown) {
      made.push({ url, options });
    }
  };
  for (const bad of [
    "",
    "worker.js",
    "https://evil.example/assets/worker.js",
    "//evil.example/assets/worker.js",
    "/assets/../worker.js",
    "/assets/sub/worker.js",
    "/assets/worker.js?x",
    "/assets/worker.js#x",
    "/assets/worker.mjs",
    "blob:/assets/worker.js",
    "/assets/worker.js\n",
  ]) {
    assert.throws(() => openWorker(bad), TypeError, JSON.stringify(bad));
  }
  assert.deepEqual(made, []);
  openWorker("/assets/worker-4F2a_b.js");
  openWorker("/assets/worker-4F2a_b.js");
  assert.deepEqual(made[0], {
    url: "trusted /assets/worker-4F2a_b.js",
    options: { type: "module" },
  });
  assert.equal(policies, 1);
});

test("answers resolve, faults reject, and listeners end", async () => {
  const { client, tell, posted } = fake();
  const asked = client.open("r", new Uint8Array(32));
  assert.deepEqual(posted, [{ type: "open", room: "r", secret: new Uint8Array(32) }]);
  tell(opened);
  assert.equal((await asked).room, "r");
  const refused = client.card(new Uint8Array(0));
  tell({ type: "fault", code: "card", text: "forged" });
  await assert.rejects(
    refused,
    (e) => e instanceof WorkerFault && e.code === "card" && e.message === "forged",
  );
  let heard = 0;
  const off = client.on("opened", () => heard++);
  tell(opened);
  off();
  tell(opened);
  assert.equal(heard, 1);
});

test("counters come whatever fault is told meanwhile", async () => {
  const { client, tell } = fake();
  const asked = client.count();
  tell({ type: "fault", code: "internal", text: "lost" });
  tell(counters);
  assert.deepEqual(await asked, {});
});

test("a worker that dies rejects whoever waits, and says so once", async () => {
  const { client, crash } = fake();
  let crashes = 0;
  client.onCrash = () => crashes++;
  const waiting = [client.create("x", false), client.count()];
  crash();
  crash();
  for (const w of waiting) await assert.rejects(w, WorkerFault);
  await assert.rejects(client.count(), WorkerFault);
  assert.equal(crashes, 1);
});

test("a terminated worker rejects whoever waits", async () => {
  const { client } = fake();
  const asked = client.count();
  client.terminate();
  await assert.rejects(asked, WorkerFault);
});
