/**
 * Checkers that the generated decoders are made of. The server is not trusted: what it sends is checked here before
 * any other code sees it. An error names the place and never the value.
 */

export class WireError extends Error {
  override name = "WireError";
}

/** What a message carries beside its own fields (PROTOCOL.md 1.2); 0 is absent on the wire. */
export interface Head {
  n: number;
  ack: number;
}

type Check<T> = (v: unknown, where: string) => T;

export function fail(why: string): never {
  throw new WireError(why);
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail("not JSON");
  }
}

export const obj: Check<Record<string, unknown>> = (v, where) =>
  typeof v === "object" && v !== null && !Array.isArray(v)
    ? (v as Record<string, unknown>)
    : fail(`${where} is not an object`);

export const str: Check<string> = (v, where) =>
  typeof v === "string" ? v : fail(`${where} is not a string`);

export const bool: Check<boolean> = (v, where) =>
  typeof v === "boolean" ? v : fail(`${where} is not a boolean`);

/** An integer from 0 to max. */
export const int =
  (max: number): Check<number> =>
  (v, where) =>
    typeof v === "number" && Number.isSafeInteger(v) && v >= 0 && v <= max
      ? v
      : fail(`${where} is not an integer in its range`);

const alphabet = /^[A-Za-z0-9+/]*={0,2}$/;

/** Base64 as the server writes it: padded, without white space, unused bits zero. */
export const bytes: Check<Uint8Array> = (v, where) => {
  const text = str(v, where);
  if (text.length % 4 !== 0 || !alphabet.test(text)) fail(`${where} is not base64`);
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  if (text.endsWith("=") && btoa(binary.slice(-(binary.length % 3))) !== text.slice(-4)) {
    fail(`${where} is not base64`);
  }
  return out;
};

export const array =
  <T>(check: Check<T>): Check<T[]> =>
  (v, where) =>
    Array.isArray(v) ? v.map((e) => check(e, where)) : fail(`${where} is not a list`);

export const oneOf =
  <T extends string>(...allowed: T[]): Check<T> =>
  (v, where) =>
    allowed.find((a) => a === v) ?? fail(`${where} is none of its values`);

/** The member `name` of o as an object to spread: without it when it is absent. */
export function optional<N extends string, T>(
  name: N,
  check: Check<T>,
  o: Record<string, unknown>,
  where: string,
): { [K in N]?: T } {
  if (o[name] === undefined) return {};
  return { [name]: check(o[name], `${where}.${name}`) } as { [K in N]?: T };
}

const uint32 = int(0xffffffff);

export function head(v: unknown): Head {
  const o = obj(v, "message");
  return {
    n: o.n === undefined ? 0 : uint32(o.n, "n"),
    ack: o.ack === undefined ? 0 : uint32(o.ack, "ack"),
  };
}

function base64(b: Uint8Array): string {
  let binary = "";
  // Spread arguments live on the stack: a piece at a time.
  for (let i = 0; i < b.length; i += 8192) {
    binary += String.fromCharCode(...b.subarray(i, i + 8192));
  }
  return btoa(binary);
}

/** One message as text: type, n, ack, then the fields in their order; bytes as base64. */
export function encode(m: { type: string }, h: Head): string {
  const { type, ...fields } = m;
  const numbers = { ...(h.n > 0 && { n: h.n }), ...(h.ack > 0 && { ack: h.ack }) };
  return json({ type, ...numbers, ...fields });
}

/** A body of the HTTP API as text; bytes as base64. */
export const json = (body: object): string =>
  JSON.stringify(body, (_key, v: unknown) => (v instanceof Uint8Array ? base64(v) : v));
