/** What somebody does who acts for the host: wishes for the next commits, and orders to the server (PROTOCOL.md 1.5, 2.8). */
import { type Policy, type Rules, withholds } from "./access";
import { type Acts, except } from "./acts";
import type { Bytes } from "./bytes";
import type { Hosting } from "./hosting";
import { type Notes, validNote } from "./note";
import type { Orders } from "./orders";
import type { Standing } from "./policy";
import type { GroupOut } from "./protocol";

/** What a member of the group lends to its moderation. */
export interface Desk {
  /** Carries f out in the member's order, with how things stand then and our session; not at all when we may not act for the host. */
  step(f: (s: Standing, own: string) => Promise<void>): Promise<void>;
  /** The same in any phase, with what is ordered in our session and the group's generation. */
  order(f: (orders: Orders, generation: number) => Promise<void>): Promise<void>;
  /** The server carries out what we order. */
  possible(): boolean;
  send(m: GroupOut): void;
}

function deviceOf(s: Standing, session: string): Bytes {
  for (const i of s.infos.values()) if (i.session === session) return i.deviceKey;
  throw new Error("group: nobody is there with that session");
}

/** Each does nothing when we may not. */
export class Moderation {
  constructor(
    private readonly hosting: Hosting,
    private readonly desk: Desk,
  ) {}

  /** Puts lobby and lock up or down. */
  setPolicy(lobby: boolean, locked: boolean): Promise<void> {
    return this.rule(async () => ({ lobby, locked }));
  }

  /** Changes the rules of the meeting: change is given those that are in force, or on their way. */
  rule(change: (p: Policy, s: Standing) => Promise<Partial<Rules>>): Promise<void> {
    const { hosting } = this;
    return this.desk.step(async (s) => hosting.want(await change(hosting.wish ?? s.policy, s), s));
  }

  /** Lets those in who asked like this. */
  admit(asks: readonly string[]): Promise<void> {
    return this.desk.step(async () => {
      for (const ask of asks) this.hosting.admitted.add(ask);
    });
  }

  /** Throws a session out. */
  remove(session: string): Promise<void> {
    return this.desk.step(async (s, own) => {
      if (session === own) return;
      await this.hosting.remove(session, s);
      if (this.desk.possible()) this.desk.send({ type: "remove", session });
    });
  }

  /** Writes to a session that waits. notes: of our session. */
  note(notes: Notes, session: string, text: string): Promise<void> {
    return this.desk.step(async (s) => {
      if (!this.desk.possible() || !validNote(text)) return;
      const body = await notes.write(session, text, s.policy.grant);
      if (body) this.desk.send({ type: "note", to: session, body });
    });
  }

  /** Withholds acts from all who are no moderators, or gives them back. */
  withhold(acts: Acts, on: boolean): Promise<void> {
    return this.rule(async (p) => ({ withheld: on ? p.withheld | acts : p.withheld & ~acts }));
  }

  /** The same for the device of a member. */
  except(session: string, acts: Acts, on: boolean): Promise<void> {
    return this.rule(async (p, s) => {
      const device = deviceOf(s, session);
      const before = withholds(p, device);
      const withheld = on ? before | acts : before & ~acts;
      return { exceptions: except(p.withheld, p.exceptions, device, withheld) };
    });
  }

  /** Has the device of a member act for the host, or not any more. */
  appoint(session: string, on: boolean): Promise<void> {
    return this.desk.step((s) => this.hosting.appoint(deviceOf(s, session), on, s));
  }

  /** Ends the meeting for all, if we are the host. */
  endForAll(): Promise<void> {
    return this.desk.step(async () => {
      if (this.hosting.hostSigner) this.desk.send({ type: "end" });
    });
  }

  /** Changes the link, if we are the host. */
  changeLink(): Promise<void> {
    return this.desk.step(async () => {
      this.hosting.wantsLink = this.hosting.hostSigner !== null;
    });
  }

  /** Has the server forget the group: its members come back by themselves, as leaves of another. */
  restart(): Promise<void> {
    return this.desk.order(async (orders, generation) => {
      if (!orders.mayRestart) return;
      this.hosting.reopen = generation;
      const pass = await orders.showPass();
      if (pass) this.desk.send(pass);
      this.desk.send({ type: "restart", generation });
    });
  }

  /** Sends a session back to the lobby. */
  sendBack(session: string): Promise<void> {
    return this.desk.step(async (s, own) => {
      if (session !== own) await this.hosting.sendBack(session, s);
    });
  }
}
