import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { base64url } from "../e2ee/bytes";
import { Refusal } from "../wire/http";
import type { Audit, Operators, Pass, Room } from "../wire/operators";
import { Admin } from "./admin";
import { FakeBrowser, settle } from "./fake";

const secret = base64url(new Uint8Array(32).fill(9));
const pass = (id: string, change: Partial<Pass>): Pass => ({
  id,
  kind: "invite",
  note: "",
  created: 0,
  expires: 4e15,
  uses: 1,
  revoked: false,
  ...change,
});

/** The server's side, as far as the page sees it. */
class FakeOperators {
  list: Room[] = [{ id: "abcdef", people: 3, since: 1 }];
  held: Pass[] = [
    pass("old", { expires: 1 }),
    pass("used", { uses: 0 }),
    pass("any", { uses: null }),
    pass("gone", { revoked: true }),
    pass("last", {}),
  ];
  trail: Audit = { lines: [{ seq: 1, at: 1, event: "room made", subject: "x" }], altered: "" };
  refusal: Refusal | null = null;
  invites: unknown[] = [];

  private async answer<T>(v: T): Promise<T> {
    if (this.refusal) throw this.refusal;
    return v;
  }
  rooms = () => this.answer([...this.list]);
  passes = () => this.answer([...this.held]);
  audit = () => this.answer(this.trail);
  endRoom = async (id: string) => {
    await this.answer(null);
    if (!this.list.some((r) => r.id === id)) throw new Refusal("invalid", "");
    this.list = this.list.filter((r) => r.id !== id);
  };
  revoke = async (id: string) => {
    await this.answer(null);
    this.held = this.held.filter((p) => p.id !== id);
  };
  invite = async (...made: unknown[]) => {
    this.invites.push(made);
    return this.answer("SECRET");
  };
}

async function page(held = secret) {
  const b = new FakeBrowser();
  if (held) b.browser.set("admin pass", held);
  const server = new FakeOperators();
  const shown: string[] = [];
  const admin = new Admin(b.env, (s) => {
    shown.push(s);
    return server as unknown as Operators;
  });
  await settle();
  return { admin, server, shown, b };
}

describe("the operators' page", () => {
  it("shows the pass, and what there is: passes that hold, the newest first", async () => {
    const { admin, shown } = await page();
    assert.deepEqual(shown, [secret]);
    assert.equal(admin.rooms.value?.[0]?.people, 3);
    assert.deepEqual(
      admin.passes.value.map((p) => p.id),
      ["last", "any"],
    );
    assert.equal(admin.problem.value, null);
  });

  it("asks nothing of the server without a pass, and leads to signing in", async () => {
    const { admin, shown, b } = await page("");
    assert.deepEqual(shown, []);
    assert.equal(admin.rooms.value, null);
    admin.problem.value?.action?.run();
    assert.deepEqual(b.visited, ["/auth/login"]);
  });

  it("forgets a pass that the server takes no longer, and shows nothing of before", async () => {
    const { admin, server, b } = await page();
    server.refusal = new Refusal("refused", "");
    admin.endRoom("abcdef");
    await settle();
    assert.equal(admin.rooms.value, null);
    assert.equal(admin.problem.value?.code, "invite");
    assert.equal(b.browser.get("admin pass"), null);
  });

  it("keeps what it shows while the server is away", async () => {
    const { admin, server } = await page();
    server.refusal = new Refusal("unreachable", "");
    admin.revoke("last");
    await settle();
    assert.equal(admin.problem.value?.code, "server-gone");
    assert.equal(admin.rooms.value?.length, 1);
    assert.equal(admin.passes.value.length, 2);
  });

  it("ends a meeting, and says that one is gone already", async () => {
    const { admin } = await page();
    admin.endRoom("abcdef");
    await settle();
    assert.deepEqual(admin.rooms.value, []);
    assert.match(admin.told.value, /was ended/);
    admin.endRoom("abcdef");
    await settle();
    assert.match(admin.told.value, /gone already/);
  });

  it("shows the link of a new invite, once", async () => {
    const { admin, server, b } = await page();
    admin.invite(3, 24, "for Ann");
    await settle();
    assert.deepEqual(server.invites, [[3, 24, "for Ann"]]);
    assert.equal(admin.made.value, `${b.env.origin}/#invite=SECRET`);
    assert.equal(b.browser.get("invite"), null);
  });

  it("says when the log was altered", async () => {
    const { admin, server } = await page();
    server.trail = { lines: [], altered: "entry 2 is missing" };
    admin.revoke("any");
    await settle();
    assert.equal(admin.audit.value?.altered, "entry 2 is missing");
  });
});
