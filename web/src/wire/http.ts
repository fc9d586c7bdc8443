/** The requests outside the socket (PROTOCOL.md 1.1). */
import { json } from "./check";
import {
  type Code,
  type CreateRoom,
  type Looked,
  parseError,
  parseLooked,
  parseRedeemed,
} from "./wire.gen";

/** Why a request was not carried out; unreachable: there is no server, or what it says makes no sense. */
export class Refusal extends Error {
  constructor(
    readonly code: Code | "unreachable",
    text: string,
    /** Of the answer; 0: there was none. */
    readonly status = 0,
  ) {
    super(text);
  }
}

/** Decodes what came from the server, which is not trusted. */
export function understand<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch {
    throw new Refusal("unreachable", "The server's answer makes no sense.");
  }
}

/** Posts a body of the HTTP API, and returns the answer's text. Throws Refusal. */
export async function post(path: string, body: object): Promise<string> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: json(body),
      referrerPolicy: "no-referrer",
      credentials: "omit",
    });
    text = await answer.text();
  } catch {
    throw new Refusal("unreachable", "The server does not answer.");
  }
  if (answer.ok) return text;
  const error = understand(parseError, text);
  throw new Refusal(error.code, error.text, answer.status);
}

/** Makes the room, or finds that it is there already. Throws Refusal. */
export async function createRoom(room: CreateRoom): Promise<void> {
  await post("/api/rooms", room);
}

/** What the server keeps of a room. Throws Refusal. */
export async function look(room: string, token: Uint8Array): Promise<Looked> {
  return understand(parseLooked, await post("/api/look", { room, token }));
}

/** Exchanges the secret of an admin link for that of an admin pass. Throws Refusal. */
export async function redeem(link: Uint8Array): Promise<Uint8Array> {
  return understand(parseRedeemed, await post("/api/redeem", { link })).invite;
}
