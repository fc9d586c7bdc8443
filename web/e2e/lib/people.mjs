// Participants in real browsers. A Person hides whether playwright (Chromium) or puppeteer (Firefox) drives the page.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";

const init = readFileSync(new URL("init.js", import.meta.url), "utf8");
const line = readFileSync(new URL("line.js", import.meta.url), "utf8");

/** Colours far apart in every channel, and tones that share no harmonic. */
export const looks = {
  red: { colour: "#d02020", tone: 440 },
  green: { colour: "#20b040", tone: 620 },
  blue: { colour: "#2040d0", tone: 830 },
  yellow: { colour: "#d0c020", tone: 1130 },
  purple: { colour: "#a020b0", tone: 1510 },
};
/** On a machine that is busy with other things: SLOW=3 waits three times as long. */
const SLOW = Number(process.env.SLOW ?? 1);
/** ms for a browser to start, and for a page to load. */
const PATIENCE = 30_000 * SLOW;
const defaults = { width: 640, height: 360, rate: 12, screenColour: "#10b0b0", screenTone: 2010 };

const chromiumArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

/** wrapper is a program that starts Chromium in its own way (in a network namespace). */
export async function openChromium({
  args = [],
  wrapper = fileURLToPath(new URL("chromium", import.meta.url)),
  permissions = true,
} = {}) {
  const ui = permissions ? ["--use-fake-ui-for-media-stream"] : ["--deny-permission-prompts"];
  const browser = await chromium.launch({
    executablePath: wrapper,
    headless: true,
    timeout: PATIENCE,
    args: [...chromiumArgs, ...ui, ...args],
  });
  return {
    kind: "chromium",
    raw: browser,
    async person(name, look, options = {}) {
      // What the service worker serves cannot be altered on its way: specs that want it say so.
      const context = await browser.newContext({ serviceWorkers: "block", ...options.context });
      const page = await context.newPage();
      page.setDefaultNavigationTimeout(PATIENCE);
      await page.addInitScript(
        `${init}(${JSON.stringify({ ...defaults, ...looks[look], ...options })})`,
      );
      if (options.line) await page.addInitScript(line);
      if (options.before) await options.before(page);
      return new Person(name, look, "chromium", page, context);
    },
    close: () => browser.close(),
  };
}

/** profile is the folder of one; without it a new one is made. */
export async function openFirefox({ prefs = {}, profile } = {}) {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    headless: true,
    userDataDir: profile,
    timeout: PATIENCE,
    protocolTimeout: 120_000 * SLOW,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      // Without these together Firefox never connects to loopback.
      "media.peerconnection.ice.loopback": true,
      "permissions.default.camera": 1,
      "permissions.default.microphone": 1,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "dom.min_background_timeout_value": 4,
      "dom.timeout.enable_budget_timer_throttling": false,
      "media.gmp-manager.url": "",
      "media.gmp-manager.updateEnabled": false,
      "app.update.enabled": false,
      "dom.serviceWorkers.enabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      ...prefs,
    },
  });
  return {
    kind: "firefox",
    raw: browser,
    async person(name, look, options = {}) {
      const page = await browser.newPage();
      page.setDefaultNavigationTimeout(PATIENCE);
      await page.evaluateOnNewDocument(
        `${init}(${JSON.stringify({ ...defaults, ...looks[look], ...options })})`,
      );
      if (options.line) await page.evaluateOnNewDocument(line);
      return new Person(name, look, "firefox", page, null);
    },
    close: () => browser.close(),
  };
}

/** Polls until check returns something truthy; the error says what was waited for and what was seen last. */
export async function eventually(what, check, { timeout = 15_000, every = 100 } = {}) {
  const end = Date.now() + timeout * SLOW;
  let last;
  for (;;) {
    try {
      last = await check();
      if (last) return last;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end)
      throw new Error(
        `after ${timeout} ms: ${what}; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    await delay(every);
  }
}

export class Person {
  constructor(name, look, kind, page, context) {
    Object.assign(this, { name, look, kind, page, context, hosts: new Set() });
    page.on("request", (r) => {
      const { host } = new URL(r.url());
      if (host) this.hosts.add(host); // data:, blob: and about: contact nobody; whatever goes over the network has one
    });
    if (process.env.V) page.on("console", (m) => console.log(`[${name}]`, m.text()));
  }
  evaluate(fn, arg) {
    return this.page.evaluate(fn, arg);
  }
  async goto(url) {
    await this.page.goto(url, { waitUntil: "domcontentloaded" });
  }
  /** Presses the visible button with this accessible name, with a real click, and waits until what that changed is drawn. */
  async press(name, options) {
    await this.click(name, options);
    await this.drawn();
  }
  /** What has changed is drawn in a task of its own: two tasks later it is, unless the page is another one by then. */
  async drawn() {
    const tasks = () => new Promise((r) => setTimeout(() => setTimeout(r, 20), 20));
    await this.evaluate(tasks).catch(() => {});
  }
  async click(name, { timeout = 15_000 * SLOW } = {}) {
    if (this.kind === "chromium") {
      await this.page.getByRole("button", { name, exact: true }).first().click({ timeout });
      return;
    }
    let failed = null;
    await eventually(
      `${this.name} has a button “${name}”`,
      async () => {
        const h = await this.page.evaluateHandle((wanted) => {
          const named = (b) =>
            (b.getAttribute("aria-label") ?? b.textContent ?? "").trim() === wanted;
          return (
            [...document.querySelectorAll("button")].find(
              (b) => named(b) && !b.disabled && b.offsetParent !== null,
            ) ?? null
          );
        }, name);
        const button = h.asElement();
        try {
          await button?.click();
        } catch (e) {
          if (/not clickable/.test(e.message)) return false; // it was drawn anew in between, or something covers it
          failed = e;
        }
        return button;
      },
      { timeout: timeout / SLOW },
    );
    if (failed) throw failed;
  }
  has(name) {
    return this.evaluate((wanted) => {
      const named = (b) => (b.getAttribute("aria-label") ?? b.textContent ?? "").trim() === wanted;
      return [...document.querySelectorAll("button")].some(
        (b) => named(b) && b.offsetParent !== null,
      );
    }, name);
  }
  async type(label, text) {
    if (this.kind === "chromium") {
      await this.page.getByLabel(label, { exact: true }).first().fill(text);
      return;
    }
    const handle = await eventually(`${this.name} has a field “${label}”`, async () => {
      const h = await this.page.evaluateHandle((wanted) => {
        const fields = [...document.querySelectorAll("input,textarea")];
        const named = (f) =>
          [f.getAttribute("aria-label"), ...[...(f.labels ?? [])].map((l) => l.textContent)].some(
            (t) => t?.trim() === wanted,
          );
        return fields.find(named) ?? null;
      }, label);
      return h.asElement();
    });
    await handle.evaluate((f) => f.select());
    await handle.type(text);
  }
  text() {
    return this.evaluate(() => document.body.innerText);
  }
  sees(text, options) {
    return eventually(
      `${this.name} sees “${text}”`,
      async () => (await this.text()).includes(text),
      options,
    );
  }
  /** Opens the link and goes through the device check. */
  async join(link, { query = "" } = {}) {
    const url = new URL(link);
    if (query) url.search = query;
    await this.goto(url.href);
    await eventually(`${this.name} is at the device check`, () =>
      this.evaluate(
        () => document.querySelector("input") !== null && /Join/.test(document.body.innerText),
      ),
    );
    await this.type("Your name", this.name);
    await this.press("Join");
    await eventually(`${this.name} is in the meeting`, () => this.has("Leave"));
  }
  /** What each tile shows: owner's name, source, size, and the colour in the middle of the picture. */
  tiles() {
    return this.evaluate(() =>
      [...document.querySelectorAll("[data-session][data-source]")].map((tile) => {
        const video = tile.querySelector("video");
        const seen = {
          session: tile.dataset.session,
          source: tile.dataset.source,
          state: tile.dataset.video,
          text: tile.innerText,
        };
        if (!video || video.videoWidth === 0 || tile.dataset.video !== "on") return seen;
        const canvas = document.createElement("canvas");
        canvas.width = 16;
        canvas.height = 9;
        const g = canvas.getContext("2d", { willReadFrequently: true });
        g.drawImage(video, 0, 0, 16, 9);
        const [r, gr, b] = g.getImageData(8, 6, 1, 1).data;
        return {
          ...seen,
          width: video.videoWidth,
          height: video.videoHeight,
          rgb: [r, gr, b],
          time: video.currentTime,
        };
      }),
    );
  }
  /** Waits until the tile of that person shows that person's colour, not merely some picture. */
  async seesFace(
    name,
    look,
    { source = "camera", timeout = 20_000, colour = looks[look].colour } = {},
  ) {
    const want = rgb(colour);
    return eventually(
      `${this.name} sees ${name}'s ${source} in ${look ?? colour}`,
      async () => {
        const tiles = (await this.tiles()).filter(
          (t) => t.source === source && t.text.includes(name),
        );
        const hit = tiles.find((t) => t.rgb && near(t.rgb, want));
        if (!hit) throw new Error(JSON.stringify(tiles));
        return hit;
      },
      { timeout, every: 200 },
    );
  }
  async tileOf(name, source = "camera") {
    return (await this.tiles()).find((t) => t.source === source && t.text.includes(name));
  }
  /** Begins to measure how long the pictures of a person stand still. */
  watchGaps(name) {
    return this.evaluate((who) => {
      const tile = [...document.querySelectorAll("[data-session][data-source=camera]")].find((t) =>
        t.innerText.includes(who),
      );
      const gaps = { frames: 0, longest: 0, above: 0 };
      window.__gaps = gaps;
      const video = tile.querySelector("video");
      let last = performance.now();
      const frame = (now) => {
        gaps.frames++;
        gaps.longest = Math.max(gaps.longest, Math.round(now - last));
        if (now - last > 500) gaps.above++;
        last = now;
        video.requestVideoFrameCallback(frame);
      };
      video.requestVideoFrameCallback(frame);
    }, name);
  }
  /** What watchGaps has measured. */
  gaps() {
    return this.evaluate(() => window.__gaps);
  }
  /** Sums of all live inbound and outbound streams of the page's connections. */
  stats() {
    return this.evaluate(async () => {
      const all = [];
      for (const pc of window.__spec.pcs) {
        if (pc.connectionState === "closed") continue;
        const report = await pc.getStats();
        const codecs = new Map(
          [...report.values()].filter((s) => s.type === "codec").map((s) => [s.id, s.mimeType]),
        );
        for (const s of report.values()) {
          if (s.type !== "inbound-rtp" && s.type !== "outbound-rtp") continue;
          all.push({
            type: s.type,
            kind: s.kind,
            mid: s.mid,
            rid: s.rid,
            ssrc: s.ssrc,
            codec: codecs.get(s.codecId) ?? "",
            mode: s.scalabilityMode ?? "",
            packets: s.packetsReceived ?? s.packetsSent ?? 0,
            framesDecoded: s.framesDecoded ?? 0,
            framesSent: s.framesSent ?? 0,
            framesReceived: s.framesReceived ?? 0,
            energy: s.totalAudioEnergy ?? 0,
            freezes: s.freezeCount ?? 0,
            lost: s.packetsLost ?? 0,
            pli: s.pliCount ?? 0,
          });
        }
      }
      return all;
    });
  }
  async decoded() {
    const s = (await this.stats()).filter((x) => x.type === "inbound-rtp");
    return {
      video: s.filter((x) => x.kind === "video" && x.framesDecoded > 0).map((x) => x.framesDecoded),
      audio: s.filter((x) => x.kind === "audio" && x.energy > 0).map((x) => x.energy),
    };
  }
  /** Loudest frequency of each live inbound audio track, in hertz (Chromium only: Firefox without a sound card has no running AudioContext). */
  tones() {
    return this.evaluate(async () => {
      window.__spec.audio ??= new AudioContext();
      const ctx = window.__spec.audio;
      await ctx.resume();
      const found = [];
      for (const pc of window.__spec.pcs) {
        if (pc.connectionState === "closed") continue;
        for (const { track } of pc.getReceivers()) {
          if (track.kind !== "audio" || track.muted) continue;
          const analyser = ctx.createAnalyser();
          analyser.fftSize = 4096;
          const source = ctx.createMediaStreamSource(new MediaStream([track]));
          source.connect(analyser);
          found.push({ analyser, source });
        }
      }
      await new Promise((r) => setTimeout(r, 400));
      return found.map(({ analyser, source }) => {
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        source.disconnect();
        let top = 0;
        for (let i = 1; i < bins.length; i++) if (bins[i] > bins[top]) top = i;
        return bins[top] < -70 ? 0 : (top * ctx.sampleRate) / analyser.fftSize;
      });
    });
  }
  async hears(...hertz) {
    return eventually(
      `${this.name} hears ${hertz.join(", ")} Hz`,
      async () => {
        const tones = await this.tones();
        if (hertz.every((h) => tones.some((t) => Math.abs(t - h) < 30))) return tones;
        throw new Error(JSON.stringify(tones));
      },
      { timeout: 20_000 },
    );
  }
  /** CSS pixels of the first tile with that name on it; 0: there is none. */
  areaOf(name) {
    return this.evaluate((wanted) => {
      const tile = [...document.querySelectorAll(".tile")].find((t) =>
        t.innerText.includes(wanted),
      );
      const box = tile?.getBoundingClientRect();
      return box ? box.width * box.height : 0;
    }, name);
  }
  isLargest(name, others) {
    return eventually(`${this.name} sees ${name} large`, async () => {
      const large = await this.areaOf(name);
      for (const o of others) if ((await this.areaOf(o)) * 2 > large) return false;
      return large > 0;
    });
  }
  allAlike(...names) {
    return eventually(`${this.name} sees all alike`, async () => {
      const areas = await Promise.all(names.map((n) => this.areaOf(n)));
      return Math.max(...areas) < 1.1 * Math.min(...areas);
    });
  }
  /** What of the screen is wider or higher than the window, and where the dock is not. */
  beyond() {
    return this.evaluate(() => {
      const { clientWidth, clientHeight, scrollWidth } = document.documentElement;
      const out = scrollWidth > clientWidth ? [`wider: ${scrollWidth}`] : [];
      for (const e of document.querySelectorAll(".dock button, .tile")) {
        const { left, right, top, bottom, width } = e.getBoundingClientRect();
        if (width === 0) continue;
        if (left < -0.5 || top < -0.5 || right > clientWidth + 0.5 || bottom > clientHeight + 0.5)
          out.push(`${e.className} at ${left} to ${right}, ${top} to ${bottom}`);
      }
      return out;
    });
  }
  resize(width, height) {
    return this.kind === "chromium"
      ? this.page.setViewportSize({ width, height })
      : this.page.setViewport({ width, height });
  }
  errors() {
    return this.evaluate(() => window.__spec.errors);
  }
  async close() {
    if (this.context) await this.context.close();
    else await this.page.close();
  }
}

function rgb(hex) {
  return [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
}
/** Video coding in limited range shifts colours a little; the looks differ by far more. */
function near(a, b) {
  return a.every((v, i) => Math.abs(v - b[i]) < 48);
}
