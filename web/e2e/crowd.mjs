// A meeting of a hundred: three browsers, and participants without a screen. Each browser looks at every page of the pictures and pins
// somebody of the last one. Prints one line per figure: name value unit; ends with 1 when a page did not show a picture for each tile.
// PEOPLE changes how many there are, BROWSERS how many of the browsers. Who does not look has the page in a hidden tab, as a machine of
// two cores bears 25 pictures in one browser at a time.
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

const people = Number(process.env.PEOPLE ?? 100);
const browsers = Number(process.env.BROWSERS ?? 3);
if (![1, 2, 3].includes(browsers) || !(people > browsers))
  throw new Error(
    `crowd: BROWSERS is ${process.env.BROWSERS}, PEOPLE ${process.env.PEOPLE}: there are 1 to 3 browsers, and more people than these`,
  );
const PATIENT = { timeout: 240_000, every: 500 };

const print = (name, value, unit) => console.log(name, Number(value.toPrecision(4)), unit);
const at = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Tiles of others' cameras on the page that is seen, and which of them show a picture. */
const shown = (person) =>
  person.evaluate(() =>
    [...document.querySelectorAll("[data-session][data-source=camera]")]
      .filter((tile) => !tile.querySelector(".name")?.textContent.startsWith("You"))
      .map((tile) => {
        const video = tile.querySelector("video");
        return {
          session: tile.dataset.session,
          is: `${tile.querySelector(".name")?.textContent}: ${tile.dataset.video}, ${video?.videoWidth} wide at ${video?.currentTime} s`,
          there: tile.dataset.video === "on" && video?.videoWidth > 0 && video.currentTime > 0,
        };
      }),
  );

/** Has the person look at the page, or at another tab. */
const looks = (person, at) =>
  person.evaluate(
    (state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    },
    at ? "visible" : "hidden",
  );

const pages = (person) =>
  person.evaluate(() => {
    const told = document.querySelector(".pager")?.textContent.match(/(\d+) \/ (\d+)/);
    return told ? [Number(told[1]), Number(told[2])] : [1, 1];
  });

/** Looks at each page until all on it are there. Returns whom it saw, and how long each page took. */
async function turn(person) {
  const seen = new Set();
  const took = [];
  for (;;) {
    const began = performance.now();
    await eventually(
      `${person.name} sees all of page ${await pages(person)}`,
      async () => {
        const tiles = await shown(person);
        const missing = tiles.filter((t) => !t.there);
        if (tiles.length === 0 || missing.length > 0)
          throw new Error(
            `${missing.length} of ${tiles.length} are not there: ${missing.map((t) => t.is).join("; ")}`,
          );
        for (const t of tiles) seen.add(t.session);
        return true;
      },
      { timeout: 60_000, every: 200 },
    );
    took.push(performance.now() - began);
    const [page, all] = await pages(person);
    if (page === all) return { seen, took, all };
    await person.press("Next page");
    await eventually("the page is turned", async () => (await pages(person))[0] === page + 1);
  }
}

const server = await startServer();
const chromium = await openChromium();
const firefox = browsers > 2 ? await openFirefox() : null;
const peers = [];
let failed = false;
try {
  const link = await newRoom(server.url, "Crowd");
  const began = performance.now();
  // Each sends two frames a second. The machine is to be the browsers': so four send sounds, too, and look at two of the others, and
  // they are two processes, as each costs the same again for nothing but being there.
  const heard = Math.min(4, people - browsers);
  for (const [name, count, ...more] of [
    ["Speaker", heard, "--page", "24h"],
    ["Camera", people - browsers - heard, "--only", "camera", "--no-receive"],
  ])
    if (count > 0) {
      peers.push(
        startPeer(link, {
          name,
          args: ["--rate", "2", "--count", String(count), ...more],
        }),
      );
      await delay(500 * count); // they are there before the browsers, which each of them would keep busy
    }
  const persons = [];
  for (const [browser, name, look] of [
    [chromium, "Ann", "red"],
    [chromium, "Ben", "green"],
    [firefox, "Cleo", "blue"],
  ].slice(0, browsers)) {
    const person = await browser.person(name, look, { width: 320, height: 180, rate: 5 });
    if (browser === chromium) await person.page.setViewportSize({ width: 1280, height: 900 });
    const from = performance.now();
    await person.join(link);
    print(`crowd_${name.toLowerCase()}_join`, performance.now() - from, "ms");
    if (browsers > 1) await looks(person, false);
    persons.push(person);
  }
  for (const person of persons)
    await eventually(
      `${person.name} is with ${people}`,
      async () => (await person.text()).includes(`${people} people`),
      PATIENT,
    );
  print("crowd_all_inside", (performance.now() - began) / 1000, "s");
  for (const person of persons) {
    const name = person.name.toLowerCase();
    await looks(person, true);
    const { seen, took, all } = await turn(person);
    print(`crowd_${name}_pages`, all, "pages");
    print(`crowd_${name}_seen`, seen.size, `of ${people - 1}`);
    print(`crowd_${name}_page_p50`, at(took, 0.5), "ms");
    print(`crowd_${name}_page_most`, Math.max(...took), "ms");
    if (seen.size < people - 1) failed = true;
    const [last] = await shown(person);
    const label = await person.evaluate(
      (session) =>
        document
          .querySelector(`[data-session="${session}"] .tile-pin`)
          ?.getAttribute("aria-label") ?? "",
      last.session,
    );
    const from = performance.now();
    await person.press(label);
    await eventually(
      `${label} is there`,
      async () => {
        const tiles = await shown(person);
        return tiles.find((t) => t.session === last.session)?.there;
      },
      { timeout: 60_000 },
    );
    print(`crowd_${name}_pinned_after`, performance.now() - from, "ms");
    await person.press(label);
    if (browsers > 1) await looks(person, false);
    const wrong = await person.errors();
    if (wrong.length > 0) {
      failed = true;
      console.log(`${person.name}: ${wrong.join("; ")}`);
    }
  }
} catch (e) {
  failed = true;
  console.log(e.stack ?? String(e));
} finally {
  for (const p of peers) await p.kill();
  await Promise.allSettled([chromium.close(), firefox?.close()]);
  await server.stop();
}
process.exit(failed ? 1 : 0);
