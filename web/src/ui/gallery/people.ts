/** Who is in the gallery's meetings. */
import type { ChatMessage, Person, TileModel } from "../../call/model";
import { face, screen } from "./faces";

const names = [
  "Ada Lindqvist",
  "Legal desk",
  "Newsroom",
  "Field office",
  "Bram de Vries",
  "Chidi",
  "Dr. Maria-Theresa von Hohenstein-Schwarzenberg",
  "Élodie",
  "Farah Nasser",
  "山田太郎",
  "Gita",
  "Hugo",
  "نادية الخطيب",
  "Ines",
  "Jo",
  "Kwame Boateng",
  "Lena",
  "Mikkel",
  "Noor",
  "Olga",
  "Priya",
  "Quentin",
  "Rosa",
  "Sven",
  "Tomás",
];

export const sessionOf = (n: number): string => `s${String(n).padStart(2, "0")}`;

export interface Figure extends Person {
  video: TileModel["video"];
}

/** n people, ourselves first; change alters some of them by their number. */
export function figures(n: number, change: Record<number, Partial<Figure>> = {}): Figure[] {
  return Array.from({ length: n }, (_, i) => {
    const hex = ((i + 1) * 2_654_435_761).toString(16).padStart(8, "0").slice(-8);
    return {
      session: sessionOf(i),
      name: names[i % names.length]!,
      self: i === 0,
      mic: true,
      camera: true,
      screen: false,
      speaking: false,
      away: false,
      note: "",
      seen: i % 3 === 2 ? "first seen today" : "seen before",
      device: `${hex.slice(0, 4)} ${hex.slice(4)}`,
      video: "on" as const,
      ...change[i],
    };
  });
}

function tileOf(p: Figure, n: number): TileModel {
  return {
    key: `${p.session} camera`,
    session: p.session,
    source: "camera",
    name: p.name,
    self: p.self,
    stream: p.video === "on" ? face(n) : null,
    video: p.video,
    waitingText: `Receiving the keys of ${p.name}, usually under 2 seconds`,
    muted: !p.mic,
    speaking: p.speaking,
    away: p.away,
  };
}

export function tilesOf(people: readonly Figure[]): TileModel[] {
  const screens = people
    .filter((p) => p.screen && !p.self)
    .map((p, n) => ({
      ...tileOf(p, n),
      key: `${p.session} screen`,
      source: "screen" as const,
      stream: screen(),
      video: "on" as const,
      speaking: false,
    }));
  return [...screens, ...people.map(tileOf)];
}

const MINUTE = 60_000; // ms
const BEGIN = Date.UTC(2026, 0, 12, 14, 2);

/** A conversation with what is hard to lay out: a long word, an address, several lines, another script. */
export function conversation(people: readonly Figure[]): ChatMessage[] {
  const said: [number, number, string][] = [
    [1, 0, "Good afternoon. I have put the draft where we agreed."],
    [1, 0, "Pages 4 to 9 changed since Monday."],
    [0, 2, "Thank you. Reading."],
    [2, 9, "Two questions:\n1. Who signs?\n2. By when?"],
    [
      3,
      10,
      "https://example.org/filings/2026/a-rather-long-address-that-has-no-place-to-break-0123456789",
    ],
    [0, 11, "We sign on Thursday, the notary is booked for ten."],
    [2, 12, "شكرا"],
    [1, 13, "Then we are done. The next one is in two weeks."],
  ];
  return said.map(([who, after, text], i) => {
    const p = people[who] ?? people[0]!;
    return {
      id: String(i),
      session: p.session,
      name: p.name,
      self: p.self,
      text,
      at: BEGIN + after * MINUTE,
    };
  });
}
