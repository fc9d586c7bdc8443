// What the spec of features asks pages.
import { eventually } from "./people.mjs";

/** Says from now on what is seen of these people: the colours at the face, at the wall in a corner below, and the brightest above. */
export const watch = (person, ...names) =>
  person.evaluate((all) => {
    window.__seen = Object.fromEntries(all.map((n) => [n, []]));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [64, 36];
    const g = canvas.getContext("2d", { willReadFrequently: true });
    const look = (name) => {
      const tile = [...document.querySelectorAll("[data-source=camera]")].find((t) =>
        t.innerText.includes(name),
      );
      const video = tile?.querySelector("video");
      if (!video || tile.dataset.video !== "on" || video.videoWidth === 0) return;
      g.drawImage(video, 0, 0, 64, 36);
      const { data } = g.getImageData(0, 0, 64, 36);
      const at = (x, y) => [...data.subarray(4 * (64 * y + x), 4 * (64 * y + x) + 3)];
      const row = Array.from({ length: 64 }, (_, x) => at(x, 1)).sort((a, b) => a[1] - b[1]);
      window.__seen[name].push({ face: at(32, 18), wall: at(60, 14), bar: row.at(-1) });
    };
    setInterval(() => all.forEach(look), 250);
  }, names);
export const seen = (person, name) => person.evaluate((n) => window.__seen[n], name);
export const near = (a, b, by = 60) => a.every((v, i) => Math.abs(v - b[i]) < by);

/** The rows of a table of statistics by its caption, each as its cells. */
export const rows = (person, caption) =>
  person.evaluate((wanted) => {
    const table = [...document.querySelectorAll(".statistics table")].find(
      (t) => t.caption.textContent === wanted,
    );
    return [...(table?.tBodies[0].rows ?? [])].map((r) => [...r.cells].map((c) => c.textContent));
  }, caption);

/** Opens a sheet of the menu; what is in it is loaded with the first press. */
export const sheet = async (person, name, title = name) => {
  await person.press("More");
  await person.press(name);
  await eventually(`${person.name} has the sheet “${title}”`, () =>
    person.evaluate((t) => document.querySelector("dialog[open] h2")?.textContent === t, title),
  );
};

/** Presses a switch of the open sheet. */
export const toggle = (person, label) =>
  person.evaluate(
    (wanted) =>
      [...document.querySelectorAll("dialog[open] label")]
        .find((l) => l.textContent.includes(wanted))
        .click(),
    label,
  );

/** Chooses in the list of the open sheet that has one of these values. */
export const choose = (person, one, value) =>
  person.evaluate(
    ([known, wanted]) => {
      const select = [...document.querySelectorAll("dialog[open] select")].find((s) =>
        [...s.options].some((o) => o.value === known),
      );
      select.value = wanted;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [one, value],
  );

/** Chooses in the settings what is behind somebody, and leaves them open. */
export async function chooseBehind(person, to) {
  await sheet(person, "Settings");
  await choose(person, "blur", to);
}
export async function behind(person, to) {
  await chooseBehind(person, to);
  await person.press("Close settings");
}

/** Runs in a page: a picture of one's own, all blue, was put behind before. */
export function hideBehindBlue() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1280, 720];
  const g = canvas.getContext("2d");
  g.fillStyle = "#0000ff";
  g.fillRect(0, 0, 1280, 720);
  localStorage.setItem("background", "picture");
  localStorage.setItem("background-picture", canvas.toDataURL("image/jpeg"));
}

/** Runs in a page: from now on what finds people in pictures is not to be had. */
export function loseTheModel() {
  const send = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (m, ...rest) {
    return send.call(this, m?.type === "begin" && m.model ? { ...m, model: "/lost" } : m, ...rest);
  };
}

/** The loudest of what is received from 100 to 400 Hz, where nobody's tone is; in dB. */
export const band = (person) =>
  person.evaluate(async () => {
    window.__spec.audio ??= new AudioContext();
    const context = window.__spec.audio;
    await context.resume();
    const heard = [];
    for (const pc of window.__spec.pcs) {
      if (pc.connectionState === "closed") continue;
      for (const { track } of pc.getReceivers()) {
        if (track.kind !== "audio" || track.muted) continue;
        const analyser = context.createAnalyser();
        const source = context.createMediaStreamSource(new MediaStream([track]));
        source.connect(analyser);
        heard.push({ analyser, source });
      }
    }
    await new Promise((r) => setTimeout(r, 400));
    let top = -200;
    for (const { analyser: a, source } of heard) {
      const bins = new Float32Array(a.frequencyBinCount);
      a.getFloatFrequencyData(bins);
      source.disconnect();
      const [from, to] = [100, 400].map((f) => Math.round((f * a.fftSize) / context.sampleRate));
      const part = bins.subarray(from, to);
      top = Math.max(top, part.reduce((s, v) => s + v, 0) / part.length);
    }
    return top;
  });

/** The recordings in the browser, by name and size. */
export const files = (person) =>
  person.evaluate(async () => {
    const top = await navigator.storage.getDirectory();
    const folder = await top.getDirectoryHandle("recordings").catch(() => null);
    const out = [];
    if (!folder) return out;
    for await (const [name, handle] of folder)
      out.push({ name, size: (await handle.getFile()).size });
    return out;
  });

/** The same with what is in them, as base64. */
export const recordings = (person) =>
  person.evaluate(async () => {
    const top = await navigator.storage.getDirectory();
    const folder = await top.getDirectoryHandle("recordings");
    const out = [];
    for await (const [name, handle] of folder) {
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      let text = "";
      for (const b of bytes) text += String.fromCharCode(b);
      out.push({ name, data: btoa(text) });
    }
    return out;
  });

/**
 * Plays a video in that browser: what colours were in any of its pictures, and how wide it is; with listen, how loud it was (0 to 1).
 */
export async function played(person, data, { listen = false } = {}) {
  const { all, ...rest } = await person.evaluate(
    async ([base64, ear]) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const video = document.createElement("video");
      video.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
      let hear = () => 0;
      if (ear) {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        const samples = new Float32Array(analyser.fftSize);
        context.createMediaElementSource(video).connect(analyser);
        hear = () => {
          analyser.getFloatTimeDomainData(samples);
          return samples.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        };
      } else video.muted = true;
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [32, 18];
      const g = canvas.getContext("2d", { willReadFrequently: true });
      const found = new Set();
      let loudest = 0;
      const look = () => {
        loudest = Math.max(loudest, hear());
        if (video.videoWidth === 0) return;
        g.drawImage(video, 0, 0, 32, 18);
        const { data: p } = g.getImageData(0, 0, 32, 18);
        for (let i = 0; i < p.length; i += 4)
          found.add([p[i], p[i + 1], p[i + 2]].map((v) => v & 0xf8).join());
      };
      const timer = setInterval(look, 100);
      await new Promise((resolve, reject) => {
        video.onended = resolve;
        // What a crash cut short may end in an error, after its pictures.
        video.onerror = () =>
          video.videoWidth > 0 ? resolve() : reject(new Error(video.error.message));
        video.playbackRate = 2;
        video.play().catch(reject);
        setTimeout(resolve, 5000);
      });
      clearInterval(timer);
      look();
      return {
        all: [...found].map((c) => c.split(",").map(Number)),
        loudest,
        width: video.videoWidth,
        seconds: video.currentTime,
      };
    },
    [data, listen],
  );
  const shows = (hex) => {
    const want = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
    return all.some((c) => near(c, want, 48));
  };
  return { ...rest, shows };
}
