/**
 * The invitation in the address: read once, then out of sight. The secret stays in memory, and in the tab's own storage so that a
 * reload comes back.
 */
import { base64url, fromBase64url } from "../e2ee/bytes";
import { type ParsedLink, parseLink } from "../e2ee/link";
import type { Env } from "./env";
import type { Problem } from "./model";
import { t } from "./words";

export type Secret = Uint8Array<ArrayBuffer>;

export interface Invitation {
  room: string;
  secret: Secret;
  /** We were in the meeting before this page was loaded: straight back in. */
  back: boolean;
}

export const linkProblem = (text: string): Problem => ({
  code: "link",
  title: "This link does not work",
  text,
});

interface Remembered {
  secret: string;
  inside: boolean;
}

const key = (room: string): string => `room:${room}`;

export function remember(env: Env, room: string, secret: Secret, inside: boolean): void {
  env.tab.set(
    key(room),
    JSON.stringify({ secret: base64url(secret), inside } satisfies Remembered),
  );
}

function remembered(env: Env, room: string): Remembered | null {
  try {
    const v: unknown = JSON.parse(env.tab.get(key(room)) ?? "");
    const { secret, inside } = v as Partial<Remembered>;
    return typeof secret === "string" && fromBase64url(secret)
      ? { secret, inside: inside === true }
      : null;
  } catch {
    return null;
  }
}

/** Takes the invitation out of the address; null when there is none. After the call no secret is in the address. */
export function takeInvitation(env: Env): Invitation | { problem: Problem } | null {
  const { path, search, fragment } = env.location();
  if (fragment) env.showPath(path + search);
  if (!path.startsWith("/r/")) return null;
  const old = remembered(env, path.slice("/r/".length).replace(/\/$/, ""));
  const parsed = parseLink(path, fragment || (old ? `#1.${old.secret}` : ""));
  if ("problem" in parsed) return { problem: linkProblem(parsed.problem) };
  return { ...parsed, back: fragment === "" && old?.inside === true };
}

/** Reads a link that was pasted: whole, or damaged in ways that the problem names. */
export function readPasted(text: string, origin: string): ParsedLink {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return {
      problem: t("This is not a link. Copy the whole invitation link and paste it here."),
    };
  }
  const parsed = parseLink(url.pathname, url.hash);
  if ("problem" in parsed || url.origin === origin) return parsed;
  return {
    problem: t(
      "This link belongs to another server, {host}. Open it in the browser's address bar.",
      { host: url.host },
    ),
  };
}
