/** The two requests outside the socket (PROTOCOL.md 1.1). */
import { type Code, type CreateRoom, type Looked, parseError, parseLooked } from "./wire.gen";

export class Refusal extends Error {
  constructor(
    readonly code: Code | "unreachable",
    text: string,
  ) {
    super(text);
  }
}

function base64(b: Uint8Array): string {
  return btoa(String.fromCharCode(...b));
}

async function post(path: string, body: unknown): Promise<string> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body, (_, v) => (v instanceof Uint8Array ? base64(v) : v)),
      referrerPolicy: "no-referrer",
      credentials: "omit",
    });
    text = await answer.text();
  } catch {
    throw new Refusal("unreachable", "The server does not answer.");
  }
  if (answer.ok) return text;
  try {
    const e = parseError(text);
    throw new Refusal(e.code, e.text);
  } catch (e) {
    if (e instanceof Refusal) throw e;
    throw new Refusal("unreachable", "The server's answer makes no sense.");
  }
}

export async function createRoom(room: CreateRoom): Promise<void> {
  await post("/api/rooms", room);
}

export async function look(room: string, token: Uint8Array): Promise<Looked> {
  return parseLooked(await post("/api/look", { room, token }));
}
