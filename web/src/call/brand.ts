/** An operator's own name and logo, which the first screens show beside ours. The server's word, and no part of the client. */
import { type ReadonlySignal, signal } from "@preact/signals-core";

export interface Brand {
  name: string;
  /** There is a picture at /brand.png. */
  logo: boolean;
}

const MOST = 40; // characters, as the server takes them

const shown = signal<Brand | null>(null);
export const brand: ReadonlySignal<Brand | null> = shown;

/** null for what is no brand: the server is not trusted with more of the screen than that. */
export function readBrand(text: string): Brand | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  const { name, logo } = (said ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || name.trim() === "" || [...name].length > MOST) return null;
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(name)
    ? null
    : { name, logo: logo === true };
}

/** Asks once; without an answer there is none. get: the text at that path. */
export async function loadBrand(get: (path: string) => Promise<string>): Promise<void> {
  shown.value = await get("/brand").then(readBrand, () => null);
}
