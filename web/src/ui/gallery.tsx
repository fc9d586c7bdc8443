/** Shows any state of the screens: ?state=name, from the right with &dir=rtl, in a language with &lang=de. For looking and for tests that look; no part of the client. */
import { render } from "preact";
import { type Language, speak } from "../call/words";
import { App } from "./app";
import { doors } from "./gallery-doors";
import { makeFake } from "./gallery-model";
import { notices } from "./gallery-notices";
import { pages } from "./gallery-pages";
import { panels } from "./gallery-panels";
import { END, pressed, type States } from "./gallery-parts";
import { stage } from "./gallery-stage";
// What screens load when it is first shown is here already: a picture is not to be taken before it.
import "./board";
import "./help";
import "./host";
import "./meeting";
import "./polls";
import "./qr";
import "./settings";
import "./statistics";

const states: States = { ...doors, ...stage, ...notices, ...panels };
/** ms in which what is to be pressed has to be there; screens are loaded in pieces. */
const PRESSED_WITHIN = 15_000;

const SCROLLED = 30; // frames
const SETTLED = 10; // frames in which what was asked for last is drawn

const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);
const shown = (e: HTMLElement): boolean => e.offsetParent !== null;

function button(names: string[]): HTMLElement | undefined {
  const named = (b: HTMLElement) => (b.ariaLabel ?? b.textContent ?? "").trim();
  const all = [...document.querySelectorAll<HTMLElement>("button, summary, label")];
  return all.find((b) => names.includes(named(b)) && shown(b));
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
function field(name: string): Field | undefined {
  const labelled = (f: Field): boolean =>
    f.ariaLabel === name || [...(f.labels ?? [])].some((l) => l.textContent?.trim() === name);
  return [...document.querySelectorAll<Field>("input, select, textarea")].find(labelled);
}

/** Chooses or writes it, as a person would. */
function enter(f: Field, value: string): void {
  const option = f instanceof HTMLSelectElement && [...f.options].find((o) => o.text === value);
  f.value = option ? option.value : value;
  f.dispatchEvent(new Event("input", { bubbles: true }));
  f.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Reports whether it was there. */
function pressOnce(name: string): boolean {
  const [label = "", value] = name.split("=");
  if (value !== undefined) {
    const f = field(label);
    if (f) enter(f, value);
    return f !== undefined;
  }
  const found = button(name.split("|"));
  found?.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  found?.click();
  return found !== undefined;
}

/** For some frames: what is in a panel or sheet may be there a moment after it. */
async function scrollToEnd(): Promise<void> {
  for (let n = 0; n < SCROLLED; n++) {
    for (const e of document.querySelectorAll("#app *")) e.scrollTop = e.scrollHeight;
    await frame();
  }
}

/** Says in the root's data when all is pressed, or what was not there. */
const pressAll = async (): Promise<void> => {
  const told = document.documentElement.dataset;
  for (const step of pressed) {
    const end = performance.now() + PRESSED_WITHIN;
    await frame();
    if (typeof step === "function") step();
    else if (step === END) await scrollToEnd();
    else {
      while (!pressOnce(step) && performance.now() < end) await frame();
      if (performance.now() >= end) told.missing = step;
    }
  }
  for (let n = 0; n < SETTLED; n++) await frame();
  told.pressed = "all";
};

const fake = makeFake();
const asked = new URLSearchParams(location.search);
const wanted = asked.get("state") ?? "";
if (asked.get("dir") === "rtl") document.documentElement.dir = "rtl";
const list = [...Object.keys(states), ...Object.keys(pages)];
const root = document.getElementById("app");
const set = states[wanted];

async function show(into: HTMLElement): Promise<void> {
  // What is told to the person is put into words once, when it is told.
  const lang = asked.get("lang");
  if (lang) await speak(lang as Language);
  if (set) {
    set(fake);
    render(<App model={fake} />, into);
    return pressAll();
  }
  const page = pages[wanted]?.();
  if (page) {
    render(page, into);
    return pressAll();
  }
  render(
    <ul class="end">
      {list.map((s) => (
        <li key={s}>
          <a href={`?state=${s}`}>{s}</a>
        </li>
      ))}
    </ul>,
    into,
  );
}

if (root) void show(root);
