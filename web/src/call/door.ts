/** Who gets in: what a host decides, and what somebody outside is told. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { Asker, Member, Phase } from "../e2ee/protocol";
import type { Access, DoorModel, Outside, Problem } from "./model";
import { firstSeen, shortDevice, warningOf } from "./roster";
import type { Timers } from "./timers";

/** How long it takes until people are told that they wait. Less, and it flashes by at each join. */
const TOLD_AFTER = 2_000; // ms

/** Who gets in, and who waits, as the worker says it. */
interface Told extends Omit<Access, "waiting"> {
  waiting: readonly Asker[];
}

const open: Told = { moderates: false, lobby: false, locked: false, waiting: [] };

export class Door implements DoorModel {
  private readonly told = signal<Told>(open);
  readonly access: ReadonlySignal<Access> = computed(() => ({
    ...this.told.value,
    waiting: this.told.value.waiting.map((a) => ({
      session: a.session,
      ask: a.ask,
      name: a.name,
      seen: firstSeen(a.firstSeen, this.now()),
      device: shortDevice(a.device),
      verified: a.verified,
      warning: warningOf(a, this.members.value),
    })),
  }));
  private readonly waitsFor = signal<Outside>("");
  readonly outside: ReadonlySignal<Outside> = this.waitsFor;
  private back = false; // the host has sent us back
  private everIn = false;

  constructor(
    private readonly client: CryptoClient,
    private readonly timers: Timers,
    private readonly now: () => number,
    private readonly members: ReadonlySignal<ReadonlyMap<string, Member>>,
  ) {}

  /** Follows the worker; returns what ends that. */
  listen(): () => void {
    const offs = [
      this.client.on("phase", (m) => this.phase(m.phase)),
      this.client.on("access", ({ moderates, rules, waiting }) => {
        const { lobby, locked } = rules;
        this.told.value = { moderates, lobby, locked, waiting };
      }),
    ];
    return () => {
      for (const off of offs) off();
    };
  }

  private phase(p: Phase): void {
    if (p === "member") {
      this.everIn = true;
      this.timers.stop("outside");
      this.waitsFor.value = "";
      this.back = false;
      return;
    }
    this.told.value = open;
    if (p !== "asking" && p !== "hostless") return;
    const why = p === "hostless" ? "host" : this.back ? "sent" : "somebody";
    if (this.waitsFor.value) this.waitsFor.value = why;
    else
      this.timers.set("outside", TOLD_AFTER, () => {
        this.waitsFor.value = why;
      });
  }

  /** The host has sent us back to the lobby, says the server. */
  sentBack(): void {
    this.back = true;
    this.waitsFor.value = "sent";
  }

  setLobby(lobby: boolean): void {
    this.client.post({ type: "rules", change: { lobby } });
  }
  setLocked(locked: boolean): void {
    this.client.post({ type: "rules", change: { locked } });
  }
  admit(asks: string[]): void {
    this.client.post({ type: "admit", asks });
  }
  sendBack(session: string): void {
    this.client.post({ type: "send_back", session });
  }
  remove(session: string): void {
    this.client.post({ type: "remove", session });
  }

  /** Why the host has ended our session. */
  removed(): Problem {
    return this.everIn
      ? {
          code: "removed",
          title: "The host removed you from the meeting",
          text: "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.",
        }
      : {
          code: "removed",
          title: "The host did not let you in",
          text: "Nobody saw or heard you. If you think that it is a mistake, tell the person who invited you.",
        };
  }
}
