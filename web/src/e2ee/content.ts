/** Files, polls, votes, and what is for one person: their forms (PROTOCOL.md 2.7). */
import { readBoard } from "./board";
import { utf8 } from "./bytes";
import type { AppPayload } from "./protocol";

export const MAX_FILE_NAME = 200; // characters, as below
export const MAX_FILE = 2 ** 40; // bytes
export const MAX_QUESTION = 300;
export const MAX_OPTION = 120;
export const MIN_OPTIONS = 2;
export const MAX_OPTIONS = 10;
const MAX_SESSION = 64; // bytes
/** A box with the smallest plaintext: an encapsulated key, a tag and a length. */
const LEAST_BOX = 32 + 16 + 4;

const isHex = (s: unknown, digits: number): s is string =>
  typeof s === "string" && s.length === digits && /^[0-9a-f]*$/.test(s);
export const isId = (s: unknown): s is string => isHex(s, 16);

/** One line of text that shows what it says. */
export const validLine = (s: unknown, most: number): s is string =>
  typeof s === "string" &&
  s.trim() !== "" &&
  [...s].length <= most &&
  !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u.test(s);

export const validFileName = (s: unknown): s is string =>
  validLine(s, MAX_FILE_NAME) && s !== "." && s !== ".." && !/[/\\]/.test(s);

/** A media type without parameters. */
export const validType = (s: unknown): s is string =>
  s === "" ||
  (typeof s === "string" && /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/.test(s));

const isSize = (n: unknown): n is number =>
  Number.isInteger(n) && (n as number) >= 0 && (n as number) <= MAX_FILE;

function isBox(s: unknown): s is string {
  if (typeof s !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(s) || s.length % 4 !== 0)
    return false;
  try {
    const bytes = atob(s);
    return bytes.length >= LEAST_BOX && btoa(bytes) === s;
  } catch {
    return false;
  }
}

const isChoice = (n: unknown): n is number =>
  Number.isInteger(n) && (n as number) >= 0 && (n as number) < MAX_OPTIONS;

const ascending = (list: readonly number[]): boolean =>
  list.every((n, i) => i === 0 || n > list[i - 1]!);

/** The key of direct messages that a state may name. */
export const validDirectKey = (s: unknown): s is string => isHex(s, 64);

/** The payload of one of these kinds, or null for another kind; throws for what is malformed. */
export function readContent(o: Record<string, unknown>): AppPayload | null {
  switch (o.kind) {
    case "file": {
      const { id, name, size, type, key, digest } = o;
      if (!isHex(id, 32) || !isHex(key, 64) || !isHex(digest, 64) || !isSize(size))
        throw new Error("app: bad file");
      if (!validFileName(name) || !validType(type)) throw new Error("app: bad name of a file");
      return { kind: "file", id, name, size, type, key, digest };
    }
    case "direct": {
      if (!isBox(o.box)) throw new Error("app: bad box");
      return { kind: "direct", box: o.box };
    }
    case "poll": {
      const { id, question, options, multiple } = o;
      if (!isId(id) || typeof multiple !== "boolean" || !validLine(question, MAX_QUESTION))
        throw new Error("app: bad poll");
      if (!Array.isArray(options) || options.length < MIN_OPTIONS || options.length > MAX_OPTIONS)
        throw new Error("app: bad number of options");
      const list = options.map((option: unknown) => {
        if (!validLine(option, MAX_OPTION)) throw new Error("app: bad option");
        return option;
      });
      return { kind: "poll", id, question, options: list, multiple };
    }
    case "vote": {
      const { asker, poll, choices } = o;
      if (typeof asker !== "string" || asker === "" || utf8(asker).length > MAX_SESSION)
        throw new Error("app: a vote for nobody");
      if (!isId(poll) || !Array.isArray(choices)) throw new Error("app: bad vote");
      if (!choices.every(isChoice) || !ascending(choices)) throw new Error("app: bad choices");
      return { kind: "vote", asker, poll, choices };
    }
    case "poll_end": {
      if (!isId(o.poll)) throw new Error("app: an end of no poll");
      return { kind: "poll_end", poll: o.poll };
    }
    default:
      return readBoard(o);
  }
}
