/** What a member of the group tells the worker around it. */
import type { Policy } from "./access";
import type { Asking } from "./hosting";
import type { NewEpoch } from "./keys";
import type { LeafInfo } from "./leaf";
import type { Infos } from "./policy";
import type { AppPayload, GroupOut, Phase } from "./protocol";

export interface GroupEvents {
  send(m: GroupOut): void;
  phase(p: Phase, epoch: number): void;
  /** A new epoch: its frame keys, and who is in it. */
  epoch(e: NewEpoch, infos: Infos, policy: Policy): void;
  /** With each epoch, and when an ask comes or goes: the policy in force, whether we may act for the host, and who waits for our word. */
  access(policy: Policy, moderates: boolean, waiting: readonly Asking[]): void;
  /** The sessions of the members that are not in sync with us: the group may be forked, or the server withholds what they say. */
  apart(sessions: readonly string[]): void;
  /** We are no member any more: nothing may be sealed with the keys that we had. */
  lost(): void;
  said(info: LeafInfo, self: boolean, payload: AppPayload): void;
  /** Nothing more can be done here; text is for people. */
  broken(text: string): void;
}
