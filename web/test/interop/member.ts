/** One member of a group, whoever implements it. Bytes are MLSMessages unless said otherwise. */
import type { Bytes } from "../../src/e2ee/mls/codec";

export const LEAF_EXTENSION = 0xf1ca;
export const CARD_EXTENSION = 0xf1cb;

export interface State {
  epoch: number;
  leaf: number;
  authenticator: string;
  /** MLS-Exporter("SFrame 1.0 Base Key", "", 16). */
  baseKey: string;
}

export interface CommitWish {
  adds: Bytes[];
  removes: number[];
  psks: Bytes[];
  force: boolean;
  asPublic: boolean;
  noTree: boolean;
}

export interface MadeCommit {
  message: Bytes;
  welcome: Bytes | null;
  /** A ratchet_tree, not a message. */
  tree: Bytes;
}

export type ProposalWish =
  | { kind: "add"; keyPackage: Bytes }
  | { kind: "remove"; leaf: number }
  | { kind: "psk"; id: Bytes }
  | { kind: "update" };

export type Processed =
  | { kind: "application"; data: Bytes }
  | { kind: "handshake"; evicted: boolean };

export interface Member {
  readonly kind: string;
  readonly name: string;
  /** Whether it can propose an Update of itself, and force a path beside Adds. */
  readonly complete: boolean;
  keyPackage(): Promise<Bytes>;
  create(groupId: Bytes): Promise<void>;
  /** tree is needed when the Welcome holds none. */
  join(welcome: Bytes, tree: Bytes): Promise<void>;
  /** Joins by itself, replacing its own old leaf if one is named. Takes the commit at once. */
  joinExternally(info: Bytes): Promise<Bytes>;
  groupInfo(): Promise<Bytes>;
  propose(wish: ProposalWish, asPublic: boolean): Promise<Bytes>;
  /** Staged until accept or reject. Proposals that wait go in by reference. */
  commit(wish: CommitWish): Promise<MadeCommit>;
  accept(): Promise<void>;
  reject(): Promise<void>;
  process(message: Bytes): Promise<Processed>;
  encrypt(data: Bytes): Promise<Bytes>;
  state(): Promise<State>;
}
