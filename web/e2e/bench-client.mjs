// How the page fares, one line each: name value unit. In one Chromium on this machine: what its main thread works at a time while it
// joins a meeting of nine, how often 25 pictures are drawn, and what it keeps in memory over joins and leaves of others. The
// environment changes the sizes: PEOPLE joined with, TILES watched, SECONDS of watching, MINUTES of joins and leaves. V=1 tells what
// the longest tasks consisted of.
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";
import { traced } from "./lib/trace.mjs";

const size = (name, otherwise) => Number(process.env[name] ?? otherwise);
const people = size("PEOPLE", 9);
const tiles = size("TILES", 25);
const seconds = size("SECONDS", 10);
const minutes = size("MINUTES", 30);
/** ms of processor time in one task, above which it is felt. */
const LONG = 50;
/** Looks at the heap between the first and the last. */
const PARTS = 6;
const PATIENT = { timeout: 300_000, every: 500 };

const print = (name, value, unit) =>
  process.stdout.write(`${name} ${Number(value.toPrecision(4))} ${unit}\n`);
const middle = (sorted) => sorted[Math.floor(sorted.length / 2)] ?? 0;

const server = await startServer();
const chromium = await openChromium();
const peers = [];
/** They send 25 frames a second, receive nothing, and are one process: the machine is to be the page's. Two of them talk, as in a
 * meeting: each microphone that is open costs everybody fifty packets a second. */
const add = (link, n, name, ...more) => {
  if (n < 1) return;
  const args = ["--rate", "25", "--no-receive", "--count", String(n), ...more];
  peers.push(startPeer(link, { name, args }));
};
/** Tiles of cameras that show a picture. */
const shown = (person) =>
  person.evaluate(
    () => document.querySelectorAll("[data-source=camera][data-video=on] video").length,
  );

async function joining(ann, link) {
  const tasks = await traced(chromium, ann.page, async () => {
    await ann.join(link);
    await eventually(`${people} pictures`, async () => (await shown(ann)) >= people, PATIENT);
  });
  print("main_thread_longest_task_join", tasks[0].worked, "ms of processor time");
  print("main_thread_longest_task_join_ours", Math.max(...tasks.map((t) => t.ours)), "ms");
  print("main_thread_longest_task_join_by_clock", Math.max(...tasks.map((t) => t.took)), "ms");
  print("main_thread_tasks_over_50ms_join", tasks.filter((t) => t.worked > LONG).length, "tasks");
  if (!process.env.V) return;
  for (const t of tasks.slice(0, 6)) {
    console.error(
      `${t.worked.toFixed(1)} ms (${t.took.toFixed(1)} by the clock), ours ${t.ours.toFixed(1)}`,
    );
    for (const [part, ms] of t.parts) console.error(`    ${ms.toFixed(1)} ${part}`);
  }
}

/** Frames of each camera: received, decoded and drawn so far. */
const frames = (ann) =>
  ann.evaluate(async () => {
    const all = {};
    const add = (kind, key, n) => {
      all[kind] ??= {};
      all[kind][key] = n;
    };
    for (const pc of window.__spec.pcs) {
      if (pc.connectionState === "closed") continue;
      for (const s of (await pc.getStats()).values()) {
        if (s.type !== "inbound-rtp" || s.kind !== "video") continue;
        add("received", s.trackIdentifier, s.framesReceived ?? 0);
        add("decoded", s.trackIdentifier, s.framesDecoded ?? 0);
      }
    }
    for (const video of document.querySelectorAll("[data-source=camera] video")) {
      const { session } = video.closest("[data-session]").dataset;
      add("drawn", session, video.getVideoPlaybackQuality().totalVideoFrames);
    }
    return { at: performance.now(), all };
  });

async function watching(ann) {
  await eventually(`${tiles} pictures`, async () => (await shown(ann)) >= tiles, PATIENT);
  const before = await frames(ann);
  await delay(seconds * 1000);
  const after = await frames(ann);
  const lasted = (after.at - before.at) / 1000;
  for (const kind of ["received", "decoded", "drawn"]) {
    const rates = Object.entries(after.all[kind] ?? {})
      .map(([key, n]) => {
        const earlier = before.all[kind][key] ?? 0;
        return (n < earlier ? n : n - earlier) / lasted; // less: a new element counts anew
      })
      .filter((rate) => kind === "drawn" || rate > 0) // seats that nobody has
      .sort((a, b) => a - b);
    print(`tiles_${kind}_per_second_p50`, middle(rates), "fps");
    print(`tiles_${kind}_per_second_least`, rates[0] ?? 0, "fps");
    if (process.env.V) console.error(kind, rates.map((r) => r.toFixed(1)).join(" "));
  }
  const began = performance.now(); // of its own, as tracing costs a third of the frames
  const tasks = await traced(chromium, ann.page, () => delay(seconds * 1000));
  const worked = tasks.reduce((sum, t) => sum + t.worked, 0);
  print("main_thread_longest_task_tiles", tasks[0].worked, "ms of processor time");
  print(
    "main_thread_tiles",
    (worked * 1000) / (performance.now() - began),
    "ms of processor time a second",
  );
}

/** One who comes and goes. */
async function comeAndGo(ann, link, name) {
  const guest = startPeer(link, { name, args: ["--no-publish"] });
  await eventually(`${name} is here`, async () => (await ann.text()).includes(name), PATIENT);
  await guest.report();
  await eventually(`${name} is gone`, async () => !(await ann.tileOf(name)), PATIENT);
}

async function keeping(ann, link) {
  const session = await ann.context.newCDPSession(ann.page);
  await session.send("HeapProfiler.enable");
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize / 1e6;
  };
  for (let i = 0; i < 3; i++) await comeAndGo(ann, link, `First ${i}`); // what is made once is made
  const first = await heap();
  const began = Date.now();
  let rounds = 0;
  for (let part = 1; part <= PARTS; part++) {
    const end = began + (part / PARTS) * minutes * 60_000;
    do await comeAndGo(ann, link, `Guest ${rounds++}`);
    while (Date.now() < end);
    const passed = (Date.now() - began) / 60_000;
    print(`heap_after_${Math.round(passed)}_minutes`, await heap(), "MB");
  }
  const last = await heap();
  print("heap_before_joins_and_leaves", first, "MB");
  print("heap_after_joins_and_leaves", last, "MB");
  print("joins_and_leaves", rounds, "of one each");
  print("heap_per_join_and_leave", ((last - first) * 1000) / rounds, "kB");
}

try {
  const link = await newRoom(server.url, "Bench");
  add(link, 2, "Peer");
  add(link, people - 3, "Camera", "--only", "camera");
  const ann = await chromium.person("Ann", "red", {
    width: 320,
    height: 180,
    context: { viewport: { width: 1600, height: 1000 } },
  });
  await joining(ann, link);
  add(link, tiles - people, "Viewer", "--only", "camera");
  await watching(ann);
  for (const crowd of peers.splice(1)) await crowd.leave(); // whoever is killed stays for half a minute
  await keeping(ann, link);
} finally {
  await Promise.allSettled(peers.map((p) => p.kill()));
  await chromium.close();
  await server.stop();
}
