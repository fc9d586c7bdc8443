/** Single keys that work anywhere in a meeting but in a field. */
import { signal } from "@preact/signals";
import type { MeetingModel } from "../call/model";

export type Shortcut =
  | "mic"
  | "camera"
  | "hand"
  | "layout"
  | "full"
  | "people"
  | "chat"
  | "security"
  | "help";

const shortcuts: Readonly<Record<string, Shortcut>> = {
  m: "mic",
  v: "camera",
  h: "hand",
  g: "layout",
  f: "full",
  p: "people",
  c: "chat",
  s: "security",
  "?": "help",
};

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
  /** The focus is where letters are typed or a dialog is open. */
  taken: boolean;
}

export function shortcutOf(p: Press): Shortcut | null {
  if (p.ctrlKey || p.metaKey || p.altKey || p.repeat || p.taken) return null;
  return Object.hasOwn(shortcuts, p.key.toLowerCase())
    ? (shortcuts[p.key.toLowerCase()] ?? null)
    : null;
}

/** Which tile a digit pins, from 0; null: none. */
export function pinOf(p: Press): number | null {
  if (p.ctrlKey || p.metaKey || p.altKey || p.repeat || p.taken) return null;
  return /^[1-9]$/.test(p.key) ? Number(p.key) - 1 : null;
}

/** What other meeting programs have on these keys. They work in fields, too, and cannot be switched off: nobody presses two by accident. */
const chords: Readonly<Record<string, "mic" | "camera">> = { d: "mic", e: "camera" };

export function chordOf(p: Press & { shiftKey: boolean }): "mic" | "camera" | null {
  if (p.ctrlKey === p.metaKey || p.altKey || p.shiftKey || p.repeat) return null;
  return chords[p.key.toLowerCase()] ?? null;
}

/** Listens for the chords; returns what ends that. */
export function listenToChords(run: Readonly<Record<"mic" | "camera", () => void>>): () => void {
  const press = (e: KeyboardEvent): void => {
    const { key, ctrlKey, metaKey, altKey, shiftKey, repeat } = e;
    const chord = chordOf({ key, ctrlKey, metaKey, altKey, shiftKey, repeat, taken: false });
    if (!chord) return;
    e.preventDefault(); // no bookmark, no search
    run[chord]();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}

/** Reports whether a key pressed there belongs to the element and not to the meeting. */
export function takesKeys(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable]") !== null
  );
}

const STORED = "single-keys";

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true; // storage is blocked
  }
}

const on = signal<boolean | null>(null);

/** Who dictates or brushes against keys can switch them off (WCAG 2.1.4); this browser remembers. */
export function singleKeys(): boolean {
  on.value ??= stored();
  return on.value;
}

export function setSingleKeys(wanted: boolean): void {
  on.value = wanted;
  try {
    localStorage.setItem(STORED, wanted ? "on" : "off");
  } catch {
    // storage is blocked: it holds until the page is closed
  }
}

/** Reports whether the space bar presses what has the focus: a button that was reached by keyboard, not one that was clicked. */
export function spacePresses(target: EventTarget | null, byPointer: boolean): boolean {
  if (takesKeys(target)) return true;
  const pressed = target instanceof Element && target.closest("button, a, summary, [tabindex='0']");
  return Boolean(pressed) && !byPointer;
}

/** The space bar talks while it is down; returns what ends that. */
export function holdToTalk(model: MeetingModel): () => void {
  let byPointer = false;
  let down = false;
  const release = (): void => {
    if (down) model.settings.hold(false);
    down = false;
  };
  const press = (e: KeyboardEvent): void => {
    if (e.key === "Tab") byPointer = false;
    if (e.key !== " " || e.ctrlKey || e.metaKey || e.altKey || !singleKeys()) return;
    if (!model.settings.pushToTalk.value || (!down && spacePresses(e.target, byPointer))) return;
    e.preventDefault(); // neither scrolls nor presses
    if (!down) model.settings.hold(true);
    down = true;
  };
  const lift = (e: KeyboardEvent): void => {
    if (e.key !== " " || !down) return;
    e.preventDefault();
    release();
  };
  const point = (): void => {
    byPointer = true;
  };
  addEventListener("keydown", press, true);
  addEventListener("keyup", lift, true);
  addEventListener("pointerdown", point, true);
  addEventListener("blur", release);
  return () => {
    release();
    removeEventListener("keydown", press, true);
    removeEventListener("keyup", lift, true);
    removeEventListener("pointerdown", point, true);
    removeEventListener("blur", release);
  };
}
