/** Who gets in: what a host decides, and what somebody outside is told. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { Asker, Member, Phase } from "../e2ee/protocol";
import type { Access, DoorModel, Outside, Problem } from "./model";
import { isRefused, isRemoved } from "./problems";
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
  private readonly word = signal("");
  private reading = 0; // notes that the worker has not opened yet
  private waiters: (() => void)[] = [];
  readonly written: ReadonlySignal<string> = this.word;
  private readonly mayBegin = signal(false);
  readonly mayRestart: ReadonlySignal<boolean> = this.mayBegin;
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
      this.client.on("phase", (m) => {
        this.mayBegin.value = m.mayRestart ?? false;
        this.phase(m.phase);
      }),
      this.client.on("access", ({ moderates, rules, waiting, mayRestart }) => {
        const { lobby, locked } = rules;
        this.told.value = { moderates, lobby, locked, waiting };
        this.mayBegin.value = mayRestart ?? false;
      }),
      this.client.on("written", (m) => this.read(m.text)),
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
      this.word.value = "";
      this.back = false;
      return;
    }
    this.told.value = open;
    if (p !== "asking" && p !== "hostless" && p !== "stuck") return;
    const asked = this.back ? "sent" : "somebody";
    const why = p === "hostless" ? "host" : p === "stuck" ? "keys" : asked;
    if (this.waitsFor.value || why === "keys") this.waitsFor.value = why;
    else
      this.timers.set("outside", TOLD_AFTER, () => {
        this.waitsFor.value = why;
      });
  }

  /** A sealed note to us. */
  noted(body: Uint8Array): void {
    this.reading++;
    this.client.post({ type: "noted", body });
  }

  private read(text: string): void {
    this.reading--;
    if (text) this.word.value = text;
    if (this.reading > 0) return;
    for (const f of this.waiters.splice(0)) f();
  }

  /** Calls f when all that came before is read: the reason of a refusal comes before it. */
  whenRead(f: () => void): void {
    if (this.reading > 0) this.waiters.push(f);
    else f();
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
  write(sessions: string[], text: string): void {
    for (const session of sessions) this.client.post({ type: "note", session, text: text.trim() });
  }
  sendBack(session: string): void {
    this.client.post({ type: "send_back", session });
  }
  restart(): void {
    this.client.post({ type: "restart" });
  }
  remove(session: string): void {
    this.client.post({ type: "remove", session });
  }

  /** Why the host has ended our session. */
  removed(): Problem {
    const said = this.word.value ? { said: this.word.value } : {};
    return { ...(this.everIn ? isRemoved : isRefused), ...said };
  }
}
