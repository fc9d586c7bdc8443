/** What a member of the group tells the worker around it. */
import type { Policy } from "./access";
import type { Asking } from "./hosting";
import type { NewEpoch } from "./keys";
import type { LeafInfo } from "./leaf";
import type { Infos } from "./policy";
import type { AppPayload, GroupOut, Phase } from "./protocol";
import type { NextLink } from "./relink";

export interface GroupEvents {
  send(m: GroupOut): void;
  /** mayRestart: we may have everybody begin another group. */
  phase(p: Phase, epoch: number, mayRestart: boolean): void;
  /** A new epoch: its frame keys, and who is in it. */
  epoch(e: NewEpoch, infos: Infos, policy: Policy): void;
  /** With each epoch, and when an ask comes or goes: the policy in force, whether we may act for the host, who waits for our word, and whether we may have everybody begin another group. */
  access(policy: Policy, moderates: boolean, waiting: readonly Asking[], mayRestart: boolean): void;
  /** The sessions of the members that are not in sync with us: the group may be forked, or the server withholds what they say. */
  apart(sessions: readonly string[]): void;
  /** What is to be told to the server with our goodbye; each leaf has its own. */
  parting(body: Uint8Array): void;
  /** The session of a member has ended; meant: it has said so itself, otherwise it is the server's word alone. */
  parted(session: string, meant: boolean, reason: string): void;
  /** We are no member any more: nothing may be sealed with the keys that we had. */
  lost(): void;
  /** The room's link from here on. */
  link(next: NextLink): void;
  /** We are the host and wanted another link, which cannot be: a card names so many older ones only. */
  linkStays(): void;
  said(info: LeafInfo, self: boolean, payload: AppPayload): void;
}
