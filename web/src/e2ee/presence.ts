/** Who is in the room according to the server. */
import type { GroupIn } from "./protocol";

type PresenceIn = GroupIn & { type: "peers" | "arrived" | "left" | "away" };

export class Presence {
  /** session → whether it is away. Our own is always there. */
  readonly sessions = new Map<string, boolean>();
  private own = "";

  start(own: string): void {
    this.own = own;
    this.sessions.clear();
    this.sessions.set(own, false);
  }

  /** Takes what is about presence; false for what is not. */
  take(m: GroupIn): m is PresenceIn {
    switch (m.type) {
      case "peers":
        this.sessions.clear();
        for (const p of m.peers) this.sessions.set(p.session, p.away);
        this.sessions.set(this.own, false);
        return true;
      case "arrived":
        this.sessions.set(m.session, false);
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
