// How the page fares, one line each: name value unit. In one Chromium on this machine: how long its main thread is blocked while it
// joins a meeting of nine, how often 25 pictures are drawn, and what it keeps in memory over joins and leaves of others.
// PEOPLE, ROUNDS and SECONDS change the sizes.
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

const rounds = Number(process.env.ROUNDS ?? 30);
const seconds = Number(process.env.SECONDS ?? 10);

const print = (name, value, unit) =>
  process.stdout.write(`${name} ${Number(value.toPrecision(4))} ${unit}\n`);

/** Runs before the page: tasks of its main thread that took longer than 50 ms, with when they began. */
const watch = () => {
  window.__tasks = [];
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) window.__tasks.push([e.startTime, e.duration]);
  }).observe({ type: "longtask", buffered: true });
};

const server = await startServer();
const chromium = await openChromium();
const peers = [];
const add = async (link, n) => {
  for (let i = 0; i < n; i++) {
    peers.push(startPeer(link, { name: `Peer ${peers.length}` }));
    await delay(300);
  }
};
/** Tiles of cameras that show a picture. */
const shown = (person) =>
  person.evaluate(
    () => document.querySelectorAll("[data-source=camera][data-video=on] video").length,
  );

try {
  const link = await newRoom(server.url, "Bench");
  await add(link, 8);
  const ann = await chromium.person("Ann", "red", {
    before: (page) => page.addInitScript(watch),
    width: 320,
    height: 180,
    context: { viewport: { width: 1600, height: 1000 } },
  });
  await ann.join(link);
  await eventually("nine pictures", async () => (await shown(ann)) >= 9, { timeout: 120_000 });
  const tasks = await ann.evaluate(() => window.__tasks);
  print("main_thread_longest_task_join9", Math.max(0, ...tasks.map(([, d]) => d)), "ms");
  print("main_thread_tasks_over_50ms_join9", tasks.length, "tasks");

  await add(link, 16);
  await eventually("25 pictures", async () => (await shown(ann)) >= 25, { timeout: 180_000 });
  const frames = () =>
    ann.evaluate(() =>
      [...document.querySelectorAll("[data-source=camera] video")].map(
        (v) => v.getVideoPlaybackQuality().totalVideoFrames,
      ),
    );
  const before = await frames();
  const began = Date.now();
  await delay(seconds * 1000);
  const after = await frames();
  const drawn = after.map((n, i) => n - (before[i] ?? n));
  const rates = drawn.map((n) => (n * 1000) / (Date.now() - began)).sort((a, b) => a - b);
  print("tiles25_frames_per_second_p50", rates[Math.floor(rates.length / 2)], "fps");
  print("tiles25_frames_per_second_least", rates[0], "fps");
  await Promise.all(peers.splice(3).map((p) => p.report()));

  const session = await ann.context.newCDPSession(ann.page);
  await session.send("HeapProfiler.enable");
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize / 1e6;
  };
  const come = async (times) => {
    for (let i = 0; i < times; i++) {
      const guest = startPeer(link, { name: `Guest ${i}`, args: ["--no-publish"] });
      await eventually("a guest is here", async () => (await ann.text()).includes(`Guest ${i}`), {
        timeout: 60_000,
      });
      await guest.report();
      await eventually("the guest is gone", async () => !(await ann.tileOf(`Guest ${i}`)), {
        timeout: 60_000,
      });
    }
  };
  await come(3); // what is made once is made
  const first = await heap();
  await come(rounds);
  const last = await heap();
  print("heap_before_joins_and_leaves", first, "MB");
  print("heap_after_joins_and_leaves", last, "MB");
  print("heap_per_join_and_leave", ((last - first) * 1000) / rounds, "kB");
} finally {
  for (const p of peers) await p.kill();
  await chromium.close();
  await server.stop();
}
