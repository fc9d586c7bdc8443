// Figures from real browsers on loopback, one line each: name value unit.
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

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

  // A participant without a browser comes late: from the start of its program until it is seen, and until it has the host's first picture.
  const seen = [];
  const sees = [];
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    const peer = startPeer(link, { name: "Late" });
    try {
      await eventually("the late one is seen", async () => (await host.tileOf("Late"))?.rgb, {
        every: 20,
      });
      seen.push(performance.now() - started);
      const report = await peer.report();
      const camera = report.received.find((s) => s.name === "Host" && s.source === "camera");
      if (!(camera?.frames > 0))
        throw new Error(`the late one saw nothing: ${JSON.stringify(report)}`);
      sees.push(camera.firstMs);
    } finally {
      await peer.kill();
    }
  }
  for (const [name, all] of [
    ["late_peer_is_seen", seen],
    ["late_peer_sees", sees],
  ]) {
    all.sort((a, b) => a - b);
    print(`${name}_p50`, at(all, 0.5), "ms");
    print(`${name}_p95`, at(all, 0.95), "ms");
  }

  // A page that nobody looked at is shown again: until its first new picture, for which the host's encoders have rested.
  const back = await chromium.person("Back", "blue", { width: 320, height: 180 });
  await back.join(link);
  await back.seesFace("Host", "red");
  const framesSent = async () =>
    (await host.stats())
      .filter((s) => s.type === "outbound-rtp" && s.kind === "video")
      .reduce((sum, s) => sum + s.framesSent, 0);
  const shown = [];
  for (let i = 0; i < rounds; i++) {
    await back.evaluate(() => {
      window.__look = (state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      };
      window.__look("hidden");
    });
    let last = -1;
    await eventually(
      "the host's encoders rest",
      async () => {
        const now = await framesSent();
        const still = now === last;
        last = now;
        return still;
      },
      { every: 500 },
    );
    shown.push(
      await back.evaluate(async () => {
        const decoded = async () => {
          let sum = 0;
          for (const pc of window.__spec.pcs)
            for (const s of (await pc.getStats()).values())
              if (s.type === "inbound-rtp" && s.kind === "video") sum += s.framesDecoded ?? 0;
          return sum;
        };
        const before = await decoded();
        const from = performance.now();
        window.__look("visible");
        while ((await decoded()) <= before) await new Promise((r) => setTimeout(r, 5));
        return performance.now() - from;
      }),
    );
  }
  shown.sort((a, b) => a - b);
  print("hidden_page_sees_again_p50", at(shown, 0.5), "ms");
  print("hidden_page_sees_again_p95", at(shown, 0.95), "ms");
  await back.close();

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
