/** Words and figures that screens show: pure. */
import type { ChatMessage } from "../call/model";
import type { Reading } from "../call/signs";
import { language, t, tn } from "../call/words";
import type { Sign } from "../e2ee/protocol";

/** The first letters of a name, for a tile without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = firstSign(words[0] ?? "");
  const last = words.length > 1 ? firstSign(words.at(-1) ?? "") : "";
  return (first + last).toUpperCase();
}

/** What people see as one sign may be several code points. */
function firstSign(word: string): string {
  for (const { segment } of new Intl.Segmenter().segment(word)) return segment;
  return "";
}

export function countPeople(n: number): string {
  return tn(n, "1 person", "{n} people");
}

export function countWaiting(n: number): string {
  return tn(n, "1 person waits to be let in.", "{n} people wait to be let in.");
}

/** A name for the middle of a sentence, whose direction it leaves alone (Unicode's FSI and PDI). */
export const isolated = (name: string): string => `\u2068${name}\u2069`;

/** Who is in a meeting that one has not joined. */
export function whoIsThere(people: number | null): string {
  if (people === null) return "";
  if (people === 0) return t("Nobody is there yet.");
  return tn(people, "One person is there.", "{n} people are there.");
}

/** What begins with a capital by itself, in the middle of a sentence. German nouns keep theirs. */
export const inSentence = (word: string): string =>
  language.value === "de" ? word : word.toLowerCase();

export const signWords: Readonly<Record<Sign, string>> = {
  thumb: "Thumbs up",
  applause: "Applause",
  heart: "Heart",
  laugh: "Laughter",
  surprise: "Surprise",
  party: "Party",
};

/** Names beyond this are counted: a list of twenty is chatter. */
const NAMED = 2;

export const listNames = (names: readonly string[]): string => nameSome(names.map(isolated));

/** All names, in a row. */
export const nameList = (names: readonly string[]): string =>
  new Intl.ListFormat(language.value).format(names);

function nameSome(names: readonly string[]): string {
  const list = names.length > NAMED ? [countPeople(names.length)] : names;
  return new Intl.ListFormat(language.value).format(list);
}

/** One sentence for each of the two kinds of news. */
export function readAloud({ hands, reactions }: Reading): string {
  const out: string[] = [];
  if (hands.length > 0) out.push(t("{name} raised a hand.", { name: nameSome(hands) }));
  if (reactions.names.length > 0) {
    const words = reactions.signs.map((s) => inSentence(t(signWords[s])));
    out.push(`${nameSome(reactions.names)}: ${new Intl.ListFormat(language.value).format(words)}.`);
  }
  return out.join(" ");
}

/** The browser's own form of the language, where it is the same one: British English tells days and times in its way. */
export const regional = (): string[] => {
  const own = globalThis.navigator?.language ?? "";
  return [own.startsWith(language.value) ? own : language.value];
};

export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(regional(), { hour: "2-digit", minute: "2-digit" });
}

export interface ChatGroup {
  key: string;
  session: string;
  name: string;
  self: boolean;
  to: ChatMessage["to"];
  at: number;
  messages: ChatMessage[];
}

/** ms after which a message gets a heading of its own again. */
const TOGETHER = 5 * 60_000;

const sameReader = (a: ChatMessage["to"], b: ChatMessage["to"]): boolean =>
  typeof a === "object" && typeof b === "object" ? a.name === b.name : a === b;

/** Messages that one person wrote one after the other share a heading. */
export function groupChat(messages: readonly ChatMessage[]): ChatGroup[] {
  const groups: ChatGroup[] = [];
  for (const m of messages) {
    const last = groups.at(-1);
    const same = last?.session === m.session && last.name === m.name && sameReader(last.to, m.to);
    if (last && same && m.at - last.at < TOGETHER) last.messages.push(m);
    else {
      const { session, name, self, to, at } = m;
      groups.push({ key: `${session} ${m.id}`, session, name, self, to, at, messages: [m] });
    }
  }
  return groups;
}
