// Looks for the keys of an epoch in all memory of a meeting's processes, browsers and server, before its end and 11 s after it (Linux,
// as root): node e2e/memory.mjs. Unlike a heap snapshot it sees what lies in buffers and in the browser's own cryptography. Keys that
// WebCrypto holds go with the garbage: Chromium is made to collect it; Firefox, which no page can make do so, is given a minute.
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { countInMemory, descendants, MASK } from "./lib/search.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

/** Runs in Ann's worker: keeps what raw keys it imports from now on, masked. All members hold the same base key. */
const listen = (mask) => {
  self.__kept = [];
  const real = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (format, raw, ...rest) => {
    if (format === "raw" && raw.length === 16) {
      const kind = rest[0] === "HKDF" ? "base key" : `${rest[0]} key`;
      self.__kept.push({ kind, masked: Array.from(raw, (v) => v ^ mask) });
    }
    return real(format, raw, ...rest);
  };
};

const print = (name, value, unit) => process.stdout.write(`${name} ${value} ${unit}\n`);
let failed = false;
const check = (holds, what) => {
  if (holds) return;
  failed = true;
  process.stderr.write(`memory: ${what}\n`);
};

const server = await startServer();
const [chromium, firefox] = await Promise.all([
  openChromium({ args: ["--js-flags=--expose-gc"] }),
  openFirefox(),
]);
try {
  const link = await newRoom(server.url, "Memory");
  const small = { width: 320, height: 180, rate: 5 };
  const ann = await chromium.person("Ann", "red", small);
  const ben = await chromium.person("Ben", "green", small);
  const cleo = await firefox.person("Cleo", "blue", small);
  await ann.join(link);
  const [worker] = ann.page.workers();
  await worker.evaluate(listen, MASK);
  await Promise.all([ben.join(link), cleo.join(link)]);
  await Promise.all([ann.seesFace("Ben", "green"), ann.seesFace("Cleo", "blue")]);
  await delay(12_000); // all is of one epoch then

  const kept = () => worker.evaluate(() => self.__kept);
  const all = await kept();
  const base = all.findLast((k) => k.kind === "base key").masked;
  const of = all.slice(all.findIndex((k) => k.masked.join() === base.join()));
  const frames = of.filter((k) => k.kind === "AES-GCM key" && k.masked.join() !== base.join());
  const secrets = [base, ...frames.map((k) => k.masked)];
  print("memory_secrets_looked_for", secrets.length, "keys");

  /** Finds the secrets in all processes of the three parts: { server: { base, others, total }, … }. */
  const look = (what) => {
    const seen = {};
    for (const { pid, name } of descendants()) {
      const part = name.startsWith("incamera")
        ? "server"
        : /chrom/.test(name)
          ? "chromium"
          : "firefox";
      seen[part] ??= { base: 0, others: 0, total: 0 };
      const s = seen[part];
      try {
        const { found, total } = countInMemory(pid, secrets);
        s.base += found[0];
        s.others += found.slice(1).reduce((a, b) => a + b, 0);
        s.total += total;
      } catch (e) {
        if (!["ENOENT", "ESRCH"].includes(e.code)) throw e; // or it has ended
      }
    }
    for (const [part, { base: b, others, total }] of Object.entries(seen)) {
      print(`memory_${what}_${part}_searched`, Math.round(total / 1e6), "MB");
      print(`memory_${what}_${part}_base_key`, b, "times");
      print(`memory_${what}_${part}_frame_keys`, others, "times");
    }
    return seen;
  };
  const collect = async () => {
    for (let i = 0; i < 3; i++) {
      await worker.evaluate(() => self.gc());
      await ann.evaluate(() => window.gc());
      await delay(200);
    }
  };

  const during = look("during");
  check(during.chromium.base > 0, "Chromium's key is not found while its epoch lasts");
  check(during.firefox.base > 0, "Firefox's key is not found while its epoch lasts");
  check(during.server.base + during.server.others === 0, "the server has a key");

  const epochs = (await kept()).filter((k) => k.kind === "base key").length;
  await ben.press("Leave");
  await ben.close();
  await eventually(
    "the next epoch is there",
    async () => (await kept()).filter((k) => k.kind === "base key").length > epochs,
    { timeout: 30_000 },
  );
  await delay(11_000);
  await collect();
  const after = look("after");
  check(after.chromium.base === 0, "Chromium has the base key 11 s after its epoch");
  check(after.chromium.others === 0, "Chromium has keys of frames 11 s after their epoch");
  check(after.server.base + after.server.others === 0, "the server has a key");
  if (after.firefox.base + after.firefox.others > 0) {
    await delay(60_000);
    const { firefox: later } = look("minute");
    check(later.base === 0, "Firefox has the base key a minute after its epoch");
    check(later.others === 0, "Firefox has keys of frames a minute after their epoch");
  }
  // What was found before is found by the same search still, where it is meant to be.
  const now = (await kept()).findLast((k) => k.kind === "base key").masked;
  const again = descendants().reduce((n, { pid }) => n + countInMemory(pid, [now]).found[0], 0);
  print("memory_present_base_key", again, "times");
  check(again > 0, "the key of the present epoch is not found: the search finds nothing");
} finally {
  await Promise.allSettled([chromium.close(), firefox.close()]);
  await server.stop();
}
process.exit(failed ? 1 : 0);
