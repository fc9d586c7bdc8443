/** What somebody is kept from, read from the bits of the policy (PROTOCOL.md 2.8). */
import { ACT } from "../e2ee/protocol";
import type { Act, Barred } from "./model";

/** What is withheld from who only listens. */
export const LISTENING = ACT.mic | ACT.camera | ACT.screen;

export const isListener = (withheld: number): boolean => (withheld & LISTENING) === LISTENING;

export function barredOf(withheld: number): Barred {
  const has = (a: Act): boolean => (withheld & ACT[a]) !== 0;
  return { mic: has("mic"), camera: has("camera"), screen: has("screen"), chat: has("chat") };
}
