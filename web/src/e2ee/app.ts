/** What people say inside the group (PROTOCOL.md 2.7). */
import { type Bytes, cat, text, u32, utf8 } from "./bytes";
import type { AppPayload } from "./protocol";

const STEP = 256;
export const MAX_CHAT = 4000; // characters

/** Reports whether it may be said: not blank, not too long, and without halves of characters. */
export const validChat = (said: string): boolean =>
  said.trim() !== "" && [...said].length <= MAX_CHAT && !/\p{Cs}/u.test(said);

/** Throws for what nobody would accept. */
export function encodeApp(payload: AppPayload): Bytes {
  if (payload.kind === "chat" && !validChat(payload.text))
    throw new Error("app: not a text that can be said");
  const json = utf8(JSON.stringify(payload));
  const n = 4 + json.length;
  return cat(u32(json.length), json, new Uint8Array((STEP - (n % STEP)) % STEP));
}

/** Null for a kind that is not known here; throws for what is malformed. */
export function decodeApp(data: Uint8Array): AppPayload | null {
  if (data.length < STEP || data.length % STEP !== 0) throw new Error("app: not padded");
  const n = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (4 + n > data.length || data.subarray(4 + n).some((b) => b !== 0))
    throw new Error("app: bad padding");
  const v: unknown = JSON.parse(text(data.subarray(4, 4 + n)));
  if (typeof v !== "object" || v === null || Array.isArray(v))
    throw new Error("app: not an object");
  const o = v as Record<string, unknown>;
  switch (o.kind) {
    case "chat": {
      const { id, text: said } = o;
      if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new Error("app: bad id");
      if (typeof said !== "string" || !validChat(said)) throw new Error("app: bad text");
      return { kind: "chat", id, text: said };
    }
    case "state": {
      const { mic, camera, screen } = o;
      if (typeof mic !== "boolean" || typeof camera !== "boolean" || typeof screen !== "boolean") {
        throw new Error("app: bad state");
      }
      return { kind: "state", mic, camera, screen };
    }
    default:
      return null;
  }
}
