/**
 * Which names look alike. Two names with the same skeleton are easily taken for each other; the idea is that of UTS #39,
 * the table only holds letters that people of one office could be fooled with: Cyrillic, Greek, Armenian, and digits.
 */

/** Letters after folding, each followed by those that look like it. */
const alike = [
  "aаα",
  "bвьβ6",
  "cсϲ",
  "dԁ",
  "eеєε",
  "gɡ9",
  "hһнη",
  "jјϳ",
  "kкκ",
  "liі1ıιӏ|!",
  "mм",
  "nпո",
  "oоοօо0σ",
  "pрρ",
  "qԛ",
  "rгɼ",
  "sѕ5",
  "tтτ",
  "uυսц",
  "vνѵ",
  "wѡωԝ",
  "xхχ",
  "yуγү",
  "z2ʐ",
];

const table = new Map(alike.flatMap(([first, ...others]) => others.map((o) => [o, first!])));

/** The same for names that look alike, whatever their case, accents, spaces and invisible characters. */
export function skeleton(name: string): string {
  const folded = name
    .normalize("NFKD")
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}\p{Z}\p{Cc}]/gu, "");
  const letters = [...folded].map((c) => table.get(c) ?? c).join("");
  // "rn" reads as "m", "vv" as "w"; what is neither letter nor digit is not read at all, unless the name is made of it.
  const read = letters.replaceAll("rn", "m").replaceAll("vv", "w");
  return read.replace(/[^\p{L}\p{N}]/gu, "") || read;
}
