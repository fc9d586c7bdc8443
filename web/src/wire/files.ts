/** Sealed files at the server (PROTOCOL.md 1.7), piece by piece. All throw Refusal, or an AbortError when the signal says so. */
import { post, Refusal, understand } from "./http";
import {
  type FileOpened,
  type OpenFile,
  parseError,
  parseFileOpened,
  parseFileReceived,
} from "./wire.gen";

const base64 = (b: Uint8Array): string => btoa(String.fromCharCode(...b));
const address = (room: string, id: string): string => `/api/files/${room}/${id}`;

async function ask(url: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      ...init,
      referrerPolicy: "no-referrer",
      credentials: "omit",
      cache: "no-store",
    });
  } catch (e) {
    if (init.signal?.aborted) throw e;
    throw new Refusal("unreachable", "The server does not answer.");
  }
  if (answer.ok) return answer;
  const error = understand(parseError, await text(answer));
  throw new Refusal(error.code, error.text, answer.status);
}

async function text(answer: Response): Promise<string> {
  try {
    return await answer.text();
  } catch {
    throw new Refusal("unreachable", "The server does not answer.");
  }
}

/** Begins an upload, or goes on with it. */
export async function openFile(m: OpenFile): Promise<FileOpened> {
  return understand(parseFileOpened, await post("/api/files", m));
}

/** Sends sealed bytes from an offset on; returns how many have come in all. */
export async function putPiece(
  at: { room: string; id: string; grant: Uint8Array; offset: number },
  data: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<number> {
  const answer = await ask(address(at.room, at.id), {
    method: "PUT",
    headers: {
      "Content-Type": "application/octet-stream",
      "Incamera-Grant": base64(at.grant),
      "Incamera-Offset": String(at.offset),
    },
    body: data,
    signal,
  });
  return understand(parseFileReceived, await text(answer)).received;
}

/** Fetches the bytes [begin, end) of a file of that size. A server that has fewer of them, or another size, is refused. */
export async function getPiece(
  at: { room: string; id: string; token: Uint8Array; size: number },
  begin: number,
  end: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await ask(address(at.room, at.id), {
    headers: { "Incamera-Token": base64(at.token), Range: `bytes=${begin}-${end - 1}` },
    signal,
  });
  let data: Uint8Array<ArrayBuffer>;
  try {
    data = new Uint8Array(await answer.arrayBuffer());
  } catch (e) {
    if (signal.aborted) throw e;
    throw new Refusal("unreachable", "The server does not answer.");
  }
  const whole = `bytes ${begin}-${end - 1}/${at.size}`;
  if (answer.headers.get("Content-Range") !== whole || data.length !== end - begin)
    throw new Refusal("invalid", "The server has another file in this place.");
  return data;
}

/** Takes a file back. */
export async function removeFile(room: string, id: string, grant: Uint8Array): Promise<void> {
  await ask(address(room, id), {
    method: "DELETE",
    headers: { "Incamera-Grant": base64(grant) },
  });
}
