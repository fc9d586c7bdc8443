// A Chromium on a host of the lab of bad networks, for the Go test that makes it and runs this in its network namespace:
// node e2e/netlab.mjs LINK NAME send|watch. It prints "ready" when the others can be measured, goes on until its input ends, and then
// prints JSON: how it was to see and hear, of the page and its getStats, under the names of the report of incamera-peer.
import { once } from "node:events";
import { openTrusting } from "./lib/home.mjs";
import { eventually } from "./lib/people.mjs";

const [link, name, what] = process.argv.slice(2);
const sends = what === "send";

/** Runs in the page: notes each picture of the other that is shown, and what getStats says, until the page ends. */
const watch = () => {
  const lab = { shown: [], samples: [], changes: [], session: "" };
  window.__lab = lab;
  const blocks = 24;
  const canvas = document.createElement("canvas");
  canvas.width = 10 * blocks;
  canvas.height = 10;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  /** When the picture was painted, as init.js wrote it at its lower edge; undefined where that cannot be read. */
  const painted = (video) => {
    const { videoWidth: w, videoHeight: h } = video;
    g.drawImage(video, 0, (h * 15) / 16 - 2, w, 4, 0, 0, canvas.width, canvas.height);
    const { data } = g.getImageData(0, 5, canvas.width, 1);
    let low = 0;
    for (let i = 0; i < blocks; i++) {
      const light = data[4 * (10 * i + 5) + 1];
      if (light > 90 && light < 165) return undefined;
      low = low * 2 + (light > 127 ? 1 : 0);
    }
    const took = (Date.now() - low) & 0xffffff;
    return took < 20_000 ? took : undefined;
  };
  const follow = (video) => {
    video.__followed = true;
    const shown = () => {
      lab.shown.push([performance.now(), video.videoHeight, painted(video) ?? -1]);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  };
  let busy = false;
  const look = async () => {
    for (const tile of document.querySelectorAll("[data-session][data-source=camera]")) {
      if (tile.querySelector(".name")?.textContent.startsWith("You")) {
        if (lab.session && lab.session !== tile.dataset.session)
          lab.changes.push({ atMs: Date.now(), what: "session" });
        lab.session = tile.dataset.session;
        continue;
      }
      const video = tile.querySelector("video");
      if (video && !video.__followed) follow(video);
    }
    if (busy) return;
    busy = true;
    const sample = { at: performance.now() };
    for (const pc of window.__spec.pcs) {
      if (pc.connectionState === "closed") continue;
      for (const r of pc.getReceivers()) {
        if (r.track.muted) continue;
        for (const s of (await r.getStats()).values())
          if (s.type === "inbound-rtp" && s.packetsReceived > 0) sample[s.kind] = s;
      }
    }
    lab.samples.push(sample);
    busy = false;
  };
  setInterval(() => void look(), 200);
};

const browser = await openTrusting("chromium");
try {
  const options = sends
    ? { width: 960, height: 540, rate: 20, clocked: true }
    : { width: 320, height: 180, rate: 5 };
  const person = await browser.person(name, sends ? "red" : "green", options);
  await person.page.setViewportSize({ width: 1280, height: 900 });
  await person.join(link);
  const outbound = async () =>
    (await person.stats()).filter((s) => s.type === "outbound-rtp" && s.kind === "video");
  if (sends) {
    await eventually("the camera sends", async () => (await outbound()).some((s) => s.framesSent), {
      timeout: 60_000,
    });
  } else {
    await person.evaluate(watch);
    await eventually(
      "the other is seen",
      () => person.evaluate(() => window.__lab.shown.length > 60),
      { timeout: 60_000 },
    );
  }
  const begin = await person.evaluate(() => performance.now());
  const before = sends ? await person.evaluate(sendingStats) : undefined;
  console.log("ready");
  process.stdin.resume();
  await once(process.stdin, "end");
  const report = sends
    ? await person.evaluate(sendingStats)
    : told(await person.evaluate(() => window.__lab), begin);
  if (sends) for (const k of ["frames", "bytes", "ms"]) report[k] -= before[k];
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
}

/** Runs in the page: what the highest layer that is sent has sent so far. */
async function sendingStats() {
  const all = [];
  for (const pc of window.__spec.pcs)
    if (pc.connectionState === "connected")
      for (const s of (await pc.getStats()).values())
        if (s.type === "outbound-rtp" && s.kind === "video") all.push(s);
  const highest = all.reduce((a, b) => ((b.frameHeight ?? 0) > (a.frameHeight ?? 0) ? b : a));
  return {
    frames: highest.framesSent,
    bytes: highest.bytesSent,
    ms: highest.timestamp,
    height: highest.frameHeight ?? 0,
    limited: highest.qualityLimitationReason ?? "",
    encoding: Math.round((1000 * highest.totalEncodeTime) / Math.max(1, highest.framesEncoded)),
  };
}

function spread(values) {
  if (values.length === 0) return { p50: -1, p95: -1, p99: -1, most: -1 };
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) };
}

/** The mean of times in seconds, in whole ms; -1 of none. */
function meanMs(seconds, count) {
  return count > 0 ? Math.round((1000 * seconds) / count) : -1;
}

/** What was seen and heard from a time of the page on. */
function told({ shown, samples, changes }, begin) {
  const seen = shown.filter(([at]) => at >= begin);
  const sampled = samples.filter((s) => s.at >= begin && s.video);
  const layerOf = (height) => (height >= 400 ? 2 : height >= 200 ? 1 : 0);
  const layers = [0, 0, 0];
  let switches = 0;
  let gapMs = 0;
  for (const [i, [at, height]] of seen.entries()) {
    layers[layerOf(height)]++;
    if (i === 0) continue;
    if (layerOf(height) !== layerOf(seen[i - 1][1])) switches++;
    gapMs = Math.max(gapMs, at - seen[i - 1][0]);
  }
  const first = sampled[0] ?? {};
  const last = sampled.at(-1) ?? {};
  const more = (kind, field) => (last[kind]?.[field] ?? 0) - (first[kind]?.[field] ?? 0);
  const skews = sampled
    .filter((s) => s.video.estimatedPlayoutTimestamp && s.audio?.estimatedPlayoutTimestamp)
    .map((s) => Math.abs(s.video.estimatedPlayoutTimestamp - s.audio.estimatedPlayoutTimestamp));
  return {
    changes,
    camera: {
      latency: spread(seen.map(([, , took]) => took).filter((took) => took >= 0)),
      skew: spread(skews),
      frames: seen.length,
      layers,
      switches,
      freezes: more("video", "freezeCount"),
      frozenMs: Math.round(1000 * more("video", "totalFreezesDuration")),
      gapMs: Math.round(gapMs),
      spanMs: Math.round((seen.at(-1)?.[0] ?? 0) - (seen[0]?.[0] ?? 0)),
      keyAsked: more("video", "pliCount"),
    },
    mic: {
      latency: spread([]),
      skew: spread([]),
      // In pieces of 20 ms of its 48 kHz.
      pieces: Math.round(more("audio", "totalSamplesReceived") / 960),
      concealed: Math.round(more("audio", "concealedSamples") / 960),
      frames: more("audio", "packetsReceived"),
    },
    decoded: more("video", "framesDecoded"),
    // Means over what was decoded, in ms: what the page's own buffers and decoder take.
    took: {
      video: meanMs(more("video", "jitterBufferDelay"), more("video", "jitterBufferEmittedCount")),
      decoding: meanMs(more("video", "totalDecodeTime"), more("video", "framesDecoded")),
      sound: meanMs(more("audio", "jitterBufferDelay"), more("audio", "jitterBufferEmittedCount")),
    },
  };
}
