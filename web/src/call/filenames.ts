/** Names, types and sizes of files: pure. Names of others are what they say, and end up on this machine's disk. */
import { MAX_FILE_NAME, validFileName, validType } from "../e2ee/content";
import { language } from "./words";

/** Endings longer than this are part of the name. */
const MAX_ENDING = 12; // characters

/** A name that may be announced, and under which something may be saved: no path, nothing invisible, not too long. */
export function cleanName(name: string): string {
  const plain = name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, "")
    .replace(/[/\\:*?"<>|]/g, "_")
    .trim()
    .replace(/^\.+/, "_")
    .replace(/[. ]+$/, "");
  const all = [...plain];
  let short = plain;
  if (all.length > MAX_FILE_NAME) {
    const dot = all.lastIndexOf(".");
    const ending = dot > all.length - MAX_ENDING ? all.slice(dot) : [];
    short = [...all.slice(0, MAX_FILE_NAME - ending.length), ...ending].join("");
  }
  return validFileName(short) ? short : "file";
}

/** The media type as it may be announced; "" when the browser knows none. */
export function typeOf(type: string): string {
  const bare = type.split(";")[0]!.trim().toLowerCase();
  return validType(bare) ? bare : "";
}

/** e.g. "1.4 MB", in the person's language. */
export function sizeWords(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let n = bytes;
  let i = 0;
  while (n >= 999.5 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  const digits = n < 10 && i > 0 ? 1 : 0;
  return new Intl.NumberFormat(language.value, {
    style: "unit",
    unit: units[i]!,
    maximumFractionDigits: digits,
  }).format(n);
}
