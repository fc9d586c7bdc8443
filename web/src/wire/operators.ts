/** The operators' API (docs/openapi.json). */
import { array, bool, fail, int, json, obj, oneOf, optional, parse, str } from "./check";
import { Refusal } from "./http";
import { parseError } from "./wire.gen";

export interface Room {
  id: string;
  people: number;
  since: number;
}

export type PassKind = "invite" | "admin-link" | "admin" | "signed-in" | "token";

export interface Pass {
  id: string;
  kind: PassKind;
  note: string;
  created: number;
  expires: number;
  /** Meetings that may still be made with it; null: as many as one likes. */
  uses: number | null;
  revoked: boolean;
}

export interface Line {
  seq: number;
  at: number;
  event: string;
  subject: string;
}

export interface Audit {
  lines: Line[];
  /** What is wrong with the chain; empty: nothing. */
  altered: string;
}

const large = int(Number.MAX_SAFE_INTEGER);

function time(v: unknown, where: string): number {
  const at = Date.parse(str(v, where));
  return Number.isNaN(at) ? fail(`${where} is not a time`) : at;
}

function room(v: unknown, where: string): Room {
  const o = obj(v, where);
  return { id: str(o.id, "id"), people: large(o.people, "people"), since: time(o.since, "since") };
}

const kind = oneOf<PassKind>("invite", "admin-link", "admin", "signed-in", "token");

function pass(v: unknown, where: string): Pass {
  const o = obj(v, where);
  return {
    id: str(o.id, "id"),
    kind: kind(o.kind, "kind"),
    note: optional("note", str, o, where).note ?? "",
    created: time(o.created, "created"),
    expires: time(o.expires, "expires"),
    uses: o.uses === -1 ? null : large(o.uses, "uses"),
    revoked: bool(o.revoked, "revoked"),
  };
}

function line(v: unknown, where: string): Line {
  const o = obj(v, where);
  return {
    seq: large(o.seq, "seq"),
    at: time(o.at, "at"),
    event: str(o.event, "event"),
    subject: optional("subject", str, o, where).subject ?? "",
  };
}

/** What the page asks of the server, with the secret of an admin pass. All throw Refusal. */
export class Operators {
  constructor(private readonly secret: string) {}

  private async ask<T>(
    method: string,
    path: string,
    read: (o: Record<string, unknown>) => T,
    body?: object,
  ): Promise<T> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`/api/admin/${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.secret}`,
          ...(body ? { "Content-Type": "application/json" } : {}),
        },
        ...(body ? { body: json(body) } : {}),
        referrerPolicy: "no-referrer",
        credentials: "omit",
      });
      text = await answer.text();
    } catch {
      throw new Refusal("unreachable", "The server does not answer.");
    }
    try {
      if (answer.ok) return read(obj(parse(text), "answer"));
    } catch {
      throw new Refusal("unreachable", "The server's answer makes no sense.");
    }
    let refused = new Refusal("unreachable", "The server's answer makes no sense.");
    try {
      const error = parseError(text);
      refused = new Refusal(error.code, error.text);
    } catch {
      // it stays that
    }
    throw refused;
  }

  rooms(): Promise<Room[]> {
    return this.ask("GET", "rooms", (o) => array(room)(o.rooms, "rooms"));
  }
  endRoom(id: string): Promise<void> {
    return this.ask("DELETE", `rooms/${encodeURIComponent(id)}`, () => undefined);
  }
  passes(): Promise<Pass[]> {
    return this.ask("GET", "passes", (o) => array(pass)(o.passes, "passes"));
  }
  /** Returns the secret of a new invite, in base64url. uses 0: as many meetings as one likes. */
  invite(uses: number, hours: number, note: string): Promise<string> {
    const body = { kind: "invite", uses, hours, note };
    return this.ask("POST", "passes", (o) => str(o.secret, "secret"), body);
  }
  revoke(id: string): Promise<void> {
    return this.ask("DELETE", `passes/${encodeURIComponent(id)}`, () => undefined);
  }
  audit(): Promise<Audit> {
    return this.ask("GET", "audit", (o) => ({
      lines: array(line)(o.entries, "entries"),
      altered: optional("altered", str, o, "audit").altered ?? "",
    }));
  }
}
