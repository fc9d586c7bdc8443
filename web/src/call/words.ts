/** The words on the screens in the language of the person. The English text is the name of its translation. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Store } from "./env";

export type Words = Readonly<Record<string, string>>;
export const languages = { en: "English", de: "Deutsch", fr: "Français", es: "Español" } as const;
export type Language = keyof typeof languages;

/** Loaded on demand: the join page carries English only. */
const load: Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: Words }>>> = {
  de: () => import("../words/de"),
  fr: () => import("../words/fr"),
  es: () => import("../words/es"),
};

const KEPT = "language";
const words = signal<Words>({});
const current = signal<Language>("en");
/** What is shown now. */
export const language: ReadonlySignal<Language> = current;

const isLanguage = (s: string): s is Language => Object.hasOwn(languages, s);

/** The first of the person's languages that there is, or English. */
export function bestOf(wanted: readonly string[]): Language {
  for (const w of wanted) {
    const base = w.toLowerCase().split("-")[0] ?? "";
    if (isLanguage(base)) return base;
  }
  return "en";
}

/** Shows that language from when it is loaded on; when it cannot be loaded, what was shown stays. */
export async function speak(wanted: Language): Promise<void> {
  try {
    const loaded = wanted === "en" ? {} : (await load[wanted]()).default;
    words.value = loaded;
    current.value = wanted;
  } catch {
    // the network is away
  }
}

/** What was chosen on this device, or else what the browser says. */
export function firstLanguage(store: Store, browser: readonly string[]): Language {
  return bestOf([store.get(KEPT) ?? "", ...browser]);
}

export function chooseLanguage(store: Store, wanted: Language): void {
  store.set(KEPT, wanted);
  void speak(wanted);
}

/** The text in the language that is shown; {name} stands for a value. What has no translation stays English. */
export function t(text: string, values: Readonly<Record<string, string>> = {}): string {
  const found = words.value[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
}

/** One of two texts by the number of things; {n} stands for it. */
export function tn(
  n: number,
  one: string,
  other: string,
  values: Readonly<Record<string, string>> = {},
): string {
  const lang = current.value;
  const which = new Intl.PluralRules(lang).select(n) === "one" ? one : other;
  return t(which, { ...values, n: new Intl.NumberFormat(lang).format(n) });
}

/** Names a text that is translated only where it is shown, for what outlives a change of the language. */
export const msg = (text: string): string => text;
