/**
 * Invites and admin links to a server on which not everybody may make meetings (PROTOCOL.md 1.6): read once from the address, then kept in
 * this browser until the server says that they hold no longer.
 */
import { base64url, fromBase64url } from "../e2ee/bytes";
import type { Env } from "./env";

const SIZE = 32; // bytes of a secret
const ADMIN = "admin pass";
const INVITE = "invite";

/** Takes an invite or an admin link out of the address; null when there is none, or it is cut short. */
export function takePass(env: Env): { kind: "invite" | "admin"; secret: Uint8Array } | null {
  const { path, search, fragment } = env.location();
  const found = path === "/" ? /^#(invite|admin)=(.*)$/.exec(fragment) : null;
  if (!found) return null;
  env.showPath(path + search);
  const secret = fromBase64url(found[2] ?? "");
  if (secret?.length !== SIZE) return null;
  return { kind: found[1] === "admin" ? "admin" : "invite", secret };
}

export function keepPass(env: Env, kind: "invite" | "admin", secret: Uint8Array): void {
  env.browser.set(kind === "admin" ? ADMIN : INVITE, base64url(secret as Uint8Array<ArrayBuffer>));
}

/** What to show when a meeting is made: an admin pass before an invite, which may be good for one meeting only. */
export function heldPass(env: Env): Uint8Array | null {
  for (const key of [ADMIN, INVITE]) {
    const secret = fromBase64url(env.browser.get(key) ?? "");
    if (secret?.length === SIZE) return secret;
  }
  return null;
}

/** Forgets what the server refused. */
export function dropPass(env: Env): void {
  const refused = heldPass(env);
  if (!refused) return;
  const text = base64url(refused as Uint8Array<ArrayBuffer>);
  for (const key of [ADMIN, INVITE]) if (env.browser.get(key) === text) env.browser.remove(key);
}
