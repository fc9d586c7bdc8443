/**
 * What lets a person make meetings on a server where not everybody may (PROTOCOL.md 1.6), an invite, an admin link, or having signed in: read once from the address, then kept in
 * this browser until the server says that they hold no longer.
 */
import { base64url, fromBase64url } from "../e2ee/bytes";
import type { Env } from "./env";
import type { Problem } from "./model";
import { msg } from "./words";

const SIZE = 32; // bytes of a secret
const ADMIN = "admin pass";
const INVITE = "invite";

/** admin is a link, which is exchanged for what operator is at once. */
export type PassKind = "invite" | "admin" | "signed-in" | "operator";

/** Takes what was in the address out of it; null when there is none, or it is cut short. */
export function takePass(env: Env): { kind: PassKind; secret: Uint8Array } | null {
  const { path, search, fragment } = env.location();
  const found = path === "/" ? /^#(invite|admin|signed-in|operator)=(.*)$/.exec(fragment) : null;
  if (!found) return null;
  env.showPath(path + search);
  const secret = fromBase64url(found[2] ?? "");
  if (secret?.length !== SIZE) return null;
  return { kind: found[1] as PassKind, secret };
}

export function keepPass(env: Env, kind: PassKind, secret: Uint8Array): void {
  const runs = kind === "admin" || kind === "operator";
  env.browser.set(runs ? ADMIN : INVITE, base64url(secret as Uint8Array<ArrayBuffer>));
}

/** What to tell a person who has got something. */
export function welcomeOf(kind: PassKind): string {
  switch (kind) {
    case "invite":
      return msg("You are invited to make a meeting here.");
    case "signed-in":
      return msg("You are signed in, and may make meetings here.");
    default:
      return msg("This browser may make meetings here from now on.");
  }
}

const SIGN_IN = "/auth/login";

/** Leaves the page to sign in at the operator's provider. */
export function signIn(env: Env): { label: string; run: () => void } {
  return { label: msg("Sign in"), run: () => env.visit(SIGN_IN) };
}

/** Why signing in has led to nothing, as the server has put it into the address; null when it did not. */
export function takeRefusal(env: Env): Problem | null {
  const { path, search, fragment } = env.location();
  const why = path === "/" ? /^#sign-in=(.*)$/.exec(fragment)?.[1] : undefined;
  if (why === undefined) return null;
  env.showPath(path + search);
  const title = msg("You are not signed in");
  const action = signIn(env);
  switch (why) {
    case "nobody":
      return {
        code: "sign-in",
        title: msg("You may not make meetings here"),
        text: msg(
          "You are known to the sign-in service, and not among those who may make meetings. Ask who runs this server. To join a meeting you need its link only.",
        ),
      };
    case "stale":
      return { code: "sign-in", title, text: msg("It took too long. Try again."), action };
    case "refused":
      return { code: "sign-in", title, text: msg("The sign-in service said no."), action };
    default:
      return {
        code: "sign-in",
        title,
        text: msg("The sign-in service does not answer as it should. Try again later."),
        action,
      };
  }
}

/** What to show when a meeting is made: an admin pass before an invite, which may be good for one meeting only. */
export function heldPass(env: Env): Uint8Array | null {
  for (const key of [ADMIN, INVITE]) {
    const secret = fromBase64url(env.browser.get(key) ?? "");
    if (secret?.length === SIZE) return secret;
  }
  return null;
}

/** What is shown to the operators' API; null in a browser that is no operator's. */
export function adminPass(env: Env): Uint8Array<ArrayBuffer> | null {
  const secret = fromBase64url(env.browser.get(ADMIN) ?? "");
  return secret?.length === SIZE ? secret : null;
}

export function dropAdminPass(env: Env): void {
  env.browser.remove(ADMIN);
}

/** Forgets what the server refused. */
export function dropPass(env: Env): void {
  const refused = heldPass(env);
  if (!refused) return;
  const text = base64url(refused as Uint8Array<ArrayBuffer>);
  for (const key of [ADMIN, INVITE]) if (env.browser.get(key) === text) env.browser.remove(key);
}
