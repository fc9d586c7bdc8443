import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { base64url } from "../e2ee/bytes";
import { createApp } from "./app";
import { FakeBrowser, settle } from "./fake";

const secret = new Uint8Array(32).fill(7);
const at = (fragment: string) => new FakeBrowser({ path: "/", search: "", fragment });

async function make(app: ReturnType<typeof createApp>): Promise<void> {
  app.landing.newMeeting("");
  await settle();
}

describe("invites and admin links", () => {
  it("takes an invite out of the address at once, and shows it when a meeting is made", async () => {
    const b = at(`#invite=${base64url(secret)}`);
    const app = createApp(b.env);
    assert.equal(b.address.fragment, "");
    await settle();
    assert.match(app.landing.welcome.value, /invited/);
    await make(app);
    assert.deepEqual(b.created[0]?.invite, secret);
  });

  it("exchanges an admin link at once, and keeps what it got over a reload", async () => {
    const b = at(`#admin=${base64url(secret)}`);
    createApp(b.env);
    assert.equal(b.address.fragment, "");
    await settle();
    const app = createApp(b.env);
    await make(app);
    assert.deepEqual(b.created[0]?.invite, new Uint8Array(32).fill(7 ^ 0xff));
    assert.ok(!base64url(secret).includes(b.browser.get("admin pass") ?? "x"));
  });

  it("says what is missing when the server is closed, and forgets what it refused", async () => {
    const b = at(`#invite=${base64url(secret)}`);
    b.creating = "invite";
    const app = createApp(b.env);
    await settle();
    await make(app);
    assert.equal(app.screen.value, "landing");
    assert.equal(app.landing.problem.value?.code, "invite");
    assert.match(app.landing.problem.value?.text ?? "", /ask who runs this server/i);
    assert.equal(b.browser.get("invite"), null);
    b.creating = "ok";
    await make(app);
    assert.equal(b.created[0]?.invite, undefined);
  });

  it("says when an admin link holds no longer", async () => {
    const b = at(`#admin=${base64url(secret)}`);
    b.creating = "invite";
    const app = createApp(b.env);
    await settle();
    assert.equal(app.landing.problem.value?.code, "invite");
    assert.equal(app.landing.welcome.value, "");
  });

  it("leads to the provider where people sign in, and keeps what signing in was good for", async () => {
    const b = at("");
    b.creating = "sign-in";
    const app = createApp(b.env);
    await make(app);
    const { code, action } = app.landing.problem.value ?? {};
    assert.equal(code, "sign-in");
    action?.run();
    assert.deepEqual(b.visited, ["/auth/login"]);

    const back = at(`#signed-in=${base64url(secret)}`);
    const again = createApp(back.env);
    await settle();
    assert.equal(back.address.fragment, "");
    assert.match(again.landing.welcome.value, /signed in/);
    await make(again);
    assert.deepEqual(back.created[0]?.invite, secret);
  });

  it("forgets a sign-in that the server takes no longer", async () => {
    const b = at(`#signed-in=${base64url(secret)}`);
    b.creating = "sign-in";
    const app = createApp(b.env);
    await settle();
    await make(app);
    b.creating = "ok";
    await make(app);
    assert.equal(b.created[0]?.invite, undefined);
  });

  it("says why signing in led to nothing", () => {
    for (const [why, text] of [
      ["nobody", /not among those who may/],
      ["stale", /too long/],
      ["refused", /said no/],
      ["failed", /does not answer/],
      ["<b>", /does not answer/],
    ] as const) {
      const b = at(`#sign-in=${why}`);
      const { problem } = createApp(b.env).landing;
      assert.match(problem.value?.text ?? "", text);
      assert.equal(problem.value?.action === undefined, why === "nobody");
      assert.equal(b.address.fragment, "");
    }
  });

  it("ignores one that is cut short, and takes it out of the address all the same", async () => {
    const b = at(`#invite=${base64url(secret).slice(2)}`);
    const app = createApp(b.env);
    await settle();
    assert.equal(b.address.fragment, "");
    assert.equal(app.landing.welcome.value, "");
    await make(app);
    assert.equal(b.created[0]?.invite, undefined);
  });
});
