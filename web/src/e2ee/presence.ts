/** Who is in the room according to the server. */
import type { GroupIn } from "./protocol";

type PresenceIn = GroupIn & { type: "peers" | "arrived" | "left" | "away" };

export class Presence {
  /** session → whether it is away. Our own is always there. */
  readonly sessions = new Map<string, boolean>();
  private own = "";
  /** Of members that have said that they leave. Ids of sessions are used once. */
  private readonly departed = new Set<string>();

  start(own: string): void {
    this.own = own;
    this.sessions.clear();
    this.sessions.set(own, false);
    this.departed.clear();
  }

  /** A session has ended, whatever is said of it from here on. */
  depart(session: string): void {
    this.sessions.delete(session);
    this.departed.add(session);
  }

  /** Takes what is about presence; false for what is not. */
  take(m: GroupIn): m is PresenceIn {
    switch (m.type) {
      case "peers":
        this.sessions.clear();
        for (const p of m.peers)
          if (!this.departed.has(p.session)) this.sessions.set(p.session, p.away);
        this.sessions.set(this.own, false);
        return true;
      case "arrived":
        if (!this.departed.has(m.session)) this.sessions.set(m.session, false);
        return true;
      case "left":
        this.sessions.delete(m.session);
        return true;
      case "away":
        if (this.sessions.has(m.session)) this.sessions.set(m.session, m.away);
        return true;
      default:
        return false;
    }
  }
}
