/** The link and the keys that follow from it (PROTOCOL.md 2.1). */
import { type Bytes, base64url, cat, fromBase64url, hkdf, sha256, utf8 } from "./bytes";

export interface LinkKeys {
  psk: Bytes;
  envelope: Bytes;
  card: Bytes;
  admission: Bytes;
  token: Bytes;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** The room id that certifies the host's key: 26 characters, 130 bits. */
export async function roomOf(hostKey: Uint8Array): Promise<string> {
  const digest = await sha256(utf8("incamera room v1"), hostKey);
  let out = "";
  for (let i = 0; i < 26; i++) {
    const bit = i * 5;
    const two = (digest[bit >> 3]! << 8) | digest[(bit >> 3) + 1]!;
    out += alphabet[(two >> (11 - (bit & 7))) & 31];
  }
  return out;
}

export async function deriveLinkKeys(room: string, secret: Bytes): Promise<LinkKeys> {
  const derive = (label: string): Promise<Bytes> =>
    hkdf(secret, utf8("incamera link v1"), cat(utf8(label), Uint8Array.of(0), utf8(room)), 32);
  const [psk, envelope, card, admission, token] = await Promise.all([
    derive("link psk"),
    derive("envelope key"),
    derive("card key"),
    derive("admission mac"),
    derive("join token"),
  ]);
  return { psk: psk!, envelope: envelope!, card: card!, admission: admission!, token: token! };
}

export function formatLink(origin: string, room: string, secret: Uint8Array): string {
  return `${origin}/r/${room}#1.${base64url(secret)}`;
}

export type ParsedLink = { room: string; secret: Bytes } | { problem: string };

/** Reads a link, or its path and fragment. problem says in a person's words what is wrong. */
export function parseLink(pathname: string, fragment: string): ParsedLink {
  const room = pathname.match(/\/r\/([^/]*)\/?$/)?.[1];
  if (room === undefined) return { problem: "This is not a meeting link." };
  if (!/^[a-z2-7]{26}$/.test(room))
    return { problem: "The meeting's name in this link is damaged. Copy the whole link again." };
  const hash = fragment.replace(/^#/, "");
  if (hash === "")
    return {
      problem: "This link lacks its secret, the part behind the #. Copy the whole link again.",
    };
  const [version, secretText, ...more] = hash.split(".");
  if (version !== "1" || secretText === undefined || more.length > 0) {
    return { problem: "This link is of a kind that this server does not know." };
  }
  const secret = fromBase64url(secretText);
  if (secret?.length !== 32) {
    const short = secretText.length < 43;
    return {
      problem: short
        ? "This link was cut short. Copy the whole link again."
        : "The secret in this link is damaged. Copy the whole link again.",
    };
  }
  return { room, secret };
}

export const linkPskId = (n: number): Bytes => utf8(`link-${n}`);
