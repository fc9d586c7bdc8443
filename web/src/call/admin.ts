/** The operators' page as a view model: the rooms there are, who may make more, and what was done. No DOM. */
import { batch, type ReadonlySignal, signal } from "@preact/signals-core";
import { base64url } from "../e2ee/bytes";
import { Refusal } from "../wire/http";
import type { Audit, Line, Operators, Pass, Room } from "../wire/operators";
import type { Env } from "./env";
import type { Problem } from "./model";
import { adminPass, dropAdminPass, signIn } from "./pass";
import { unreached } from "./problems";
import { msg } from "./words";

const EVERY = 5_000; // ms between looks at the rooms

export interface AdminModel {
  /** Null until the server has answered. */
  rooms: ReadonlySignal<Room[] | null>;
  /** Those that hold, the newest first. */
  passes: ReadonlySignal<Pass[]>;
  audit: ReadonlySignal<Audit | null>;
  /** Why there is nothing to see. */
  problem: ReadonlySignal<Problem | null>;
  /** What became of the last thing that was done, for all to hear. */
  told: ReadonlySignal<string>;
  /** The link of the invite that was made last: it is shown once. */
  made: ReadonlySignal<string>;
  endRoom(id: string): void;
  invite(uses: number, hours: number, note: string): void;
  revoke(id: string): void;
  copy(): void;
}

/** What who does not run the server is told. */
export const lockedOut: Problem = {
  code: "invite",
  title: msg("This page is for who runs the server"),
  text: msg(
    "Open an admin link in this browser, or sign in as one of those who run the server. `incamera admin-link` makes a link.",
  ),
};

export class Admin implements AdminModel {
  readonly rooms = signal<Room[] | null>(null);
  readonly passes = signal<Pass[]>([]);
  readonly audit = signal<Audit | null>(null);
  readonly problem = signal<Problem | null>(null);
  readonly told = signal("");
  readonly made = signal("");
  private readonly api: Operators | null;
  private stop: () => void = () => {};

  constructor(
    private readonly env: Env,
    open: (secret: string) => Operators,
  ) {
    const held = adminPass(env);
    this.api = held ? open(base64url(held)) : null;
    if (this.api) void this.look();
    else this.locked();
  }

  private locked(): void {
    this.problem.value = { ...lockedOut, action: signIn(this.env) };
  }

  private async look(): Promise<void> {
    const { api } = this;
    if (!api) return;
    this.stop();
    try {
      const [rooms, passes, audit] = await Promise.all([api.rooms(), api.passes(), api.audit()]);
      const now = this.env.now();
      batch(() => {
        this.rooms.value = rooms;
        this.passes.value = passes.filter((p) => holds(p, now)).reverse();
        this.audit.value = { ...audit, lines: audit.lines.toReversed() };
        this.problem.value = null;
      });
    } catch (e) {
      this.failed(e);
      if (this.problem.value?.code === "invite") return;
    }
    this.stop = this.env.after(EVERY, () => void this.look());
  }

  private failed(e: unknown): void {
    if (e instanceof Refusal && e.code === "refused") {
      dropAdminPass(this.env);
      batch(() => {
        this.rooms.value = null;
        this.locked();
      });
      return;
    }
    this.problem.value = unreached;
  }

  /** Does it, says so, and looks at what has become of it. */
  private async act(f: (api: Operators) => Promise<void>, told: string): Promise<void> {
    if (!this.api) return;
    try {
      await f(this.api);
      this.told.value = told;
    } catch (e) {
      if (e instanceof Refusal && e.code === "invalid")
        this.told.value = msg("It is gone already.");
      else this.failed(e);
    }
    await this.look();
  }

  endRoom(id: string): void {
    void this.act((api) => api.endRoom(id), msg("The meeting was ended."));
  }

  invite(uses: number, hours: number, note: string): void {
    void this.act(async (api) => {
      const secret = await api.invite(uses, hours, note);
      this.made.value = `${this.env.origin}/#invite=${secret}`;
    }, msg("The invite is made. Its link is shown once."));
  }

  revoke(id: string): void {
    void this.act((api) => api.revoke(id), msg("It holds no longer."));
  }

  copy(): void {
    this.env.copy(this.made.value).then(
      () => {
        this.told.value = msg("Copied");
      },
      () => {
        this.told.value = msg("It could not be copied. Select it and copy it by hand.");
      },
    );
  }
}

export const holds = (p: Pass, now: number): boolean =>
  !p.revoked && p.uses !== 0 && now < p.expires;

/** The audit log's events in a person's words; others are shown as they are. */
export const events: Readonly<Record<string, string>> = {
  "server started": msg("The server started"),
  "room made": msg("A meeting was made"),
  "room not made": msg("A meeting could not be made"),
  "room ended": msg("A meeting was ended by an operator"),
  "invite made": msg("An invite was made"),
  "admin-link made": msg("An admin link was made"),
  "admin-link used": msg("An admin link was used"),
  "admin made": msg("A browser became an operator's"),
  "signed-in made": msg("Somebody signed in"),
  "token made": msg("A token was made"),
  revoked: msg("A pass was revoked"),
};

export type { Audit, Line, Pass, Room };
