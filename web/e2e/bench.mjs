// Figures from real browsers on loopback, one line each: name value unit.
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

const rounds = Number(process.env.ROUNDS ?? 12);

/** Keeps the crypto worker's latest counters where the page can be asked for them, and the time of the join click and of the first decoded frame. */
const watch = () => {
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", (e) => {
        if (e.data?.type === "counters") window.__counters = e.data.counters;
      });
    }
  };
  document.addEventListener(
    "click",
    (e) => {
      if (e.target.closest("button")?.textContent.trim() === "Join")
        window.__clicked = performance.now();
    },
    true,
  );
  const look = async () => {
    if (window.__clicked && !window.__first) {
      for (const pc of window.__spec?.pcs ?? []) {
        if (pc.connectionState !== "connected") continue;
        for (const s of (await pc.getStats()).values()) {
          if (s.type === "inbound-rtp" && s.kind === "video" && s.framesDecoded > 0)
            window.__first ??= performance.now();
        }
      }
    }
    setTimeout(look, 5);
  };
  void look();
};

const at = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
const print = (name, value, unit) =>
  process.stdout.write(`${name} ${Number(value.toPrecision(4))} ${unit}\n`);

const server = await startServer();
const chromium = await openChromium();
const firefox = await openFirefox();
try {
  const link = await newRoom(server.url, "Bench");
  const before = (page) => page.addInitScript(watch);
  const host = await chromium.person("Host", "red", { before, width: 320, height: 180 });
  await host.join(link);
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const guest = await chromium.person("Guest", "green", { before, width: 320, height: 180 });
    await guest.join(link);
    times.push(
      await eventually(
        "a first frame",
        () => guest.evaluate(() => window.__first && window.__first - window.__clicked),
        { every: 20 },
      ),
    );
    await guest.press("Leave");
    await guest.close();
  }
  times.sort((a, b) => a - b);
  print("join_to_first_frame_p50", at(times, 0.5), "ms");
  print("join_to_first_frame_p95", at(times, 0.95), "ms");

  const ff = await firefox.person("Fox", "blue", { width: 320, height: 180 });
  await ff.page.evaluateOnNewDocument(watch);
  await ff.join(link);
  for (const [person, name] of [
    [host, "chromium"],
    [ff, "firefox"],
  ]) {
    const c = await eventually(
      `${name}'s worker has counted`,
      () =>
        person.evaluate(
          () => window.__counters && window.__counters.opened > 300 && window.__counters,
        ),
      { timeout: 60_000 },
    );
    print(`worker_seal_per_frame_${name}`, c.sealMicros, "us");
    print(`worker_open_per_frame_${name}`, c.openMicros, "us");
  }
} finally {
  await Promise.allSettled([chromium.close(), firefox.close()]);
  await server.stop();
}
