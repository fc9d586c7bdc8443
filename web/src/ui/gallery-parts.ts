/** What the states of the gallery are put together from. */
import type { Person, Problem } from "../call/model";
import { type Fake, fill, nothing, person, said, type tile } from "./gallery-model";

/** A state, by the name that the query gives. */
export type States = Record<string, (f: Fake) => void>;
export const run = (): void => {};
export const problem = (code: Problem["code"], title: string, text: string): Problem => ({
  code,
  title,
  text,
});
export const meeting = (
  f: Fake,
  n: number,
  ...change: Parameters<typeof tile>[1][]
): Fake["meeting"] => {
  f.screen.value = "meeting";
  fill(
    f.meeting,
    n,
    change.map((c) => c ?? {}),
  );
  return f.meeting;
};
/** A meeting as its host sees it: with a co-host, a listener, and one who is kept muted. */
export const hosted = (f: Fake): Fake["meeting"] => {
  const m = meeting(f, 5, ...lively);
  m.door.access.value = { moderates: true, lobby: true, locked: false, waiting: [] };
  m.host.moderates.value = true;
  m.host.isHost.value = true;
  m.host.rules.value = { ...m.host.rules.value, withheld: 4, full: 20 };
  const all = m.tiles.value.map(person);
  const parts: Partial<Person>[] = [
    { role: "host" },
    {},
    { role: "moderator" },
    { role: "listener", mic: false, camera: false },
    { mic: false, barred: { ...nothing, mic: true } },
  ];
  m.people.value = all.map((p, n) => ({ ...p, ...parts[n] }));
  return m;
};
/**
 * What is pressed when the screen is there, by its accessible name. "a|b" is the one of them that is there, "a=b" chooses b in the
 * field that is labelled a, or writes it there, END scrolls all that scrolls to its end, and what is no name is done.
 */
export const pressed: (string | (() => void))[] = [];
export const press = (...steps: typeof pressed): void => void pressed.push(...steps);
export const END = "END";
export const lively = [{}, { speaking: true }, { muted: true }, {}, { video: "off" }] as const;

export const talk = (m: Fake["meeting"]): void => {
  m.chat.value = [
    said(1, "Good morning. I put the draft in the usual place.", 2),
    said(1, "Page 4 is the one to read first.", 3),
    said(-1, "Thank you. Reading it now.", 4),
    said(
      0,
      "One correction: the date on page 4 must be the 14th, not the 4th.\nSame in the annex.",
      9,
    ),
    said(
      2,
      "https://example.org/a/very/long/address/that-has-no-place-to-break-anywhere-in-it",
      11,
    ),
  ];
};

export const newDevice = "a new device: you met this name with another one";
