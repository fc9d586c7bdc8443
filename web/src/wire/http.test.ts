import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { createRoom, look, Refusal } from "./http";

const native = globalThis.fetch;
const token = Uint8Array.of(1, 2, 3);

/** Answers every request like this, and returns what was asked. */
function answer(status: number, text: string): { url: string; init: RequestInit }[] {
  const asked: { url: string; init: RequestInit }[] = [];
  globalThis.fetch = async (url, init) => {
    asked.push({ url: String(url), init: init ?? {} });
    return new Response(text, { status });
  };
  return asked;
}

const refusal = (code: string) => (e: unknown) => e instanceof Refusal && e.code === code;

describe("http", () => {
  afterEach(() => {
    globalThis.fetch = native;
  });

  it("asks with the token in the body, and decodes the card", async () => {
    const asked = answer(200, '{"card":"AQID","people":2}');
    assert.deepEqual(await look("room", token), { card: token, people: 2 });
    assert.equal(asked[0]?.url, "/api/look");
    assert.equal(asked[0]?.init.body, '{"room":"room","token":"AQID"}');
    assert.equal(asked[0]?.init.method, "POST");
  });

  it("passes the server's refusal on", async () => {
    answer(404, '{"code":"refused","text":"There is no meeting behind this link."}');
    await assert.rejects(look("room", token), refusal("refused"));
    answer(429, '{"code":"rate","text":"Wait."}');
    await assert.rejects(
      createRoom({ room: "r", hostKey: token, tokenHash: token, card: token }),
      refusal("rate"),
    );
  });

  for (const [what, status, text] of [
    ["an error that is no JSON", 502, "<h1>Bad gateway</h1>"],
    ["an error of an unknown code", 400, '{"code":"sesame","text":""}'],
    ["a success that is no JSON", 200, "<h1>Welcome to this hotel's network</h1>"],
    ["a card of another type", 200, '{"card":7,"people":2}'],
    ["people below zero", 200, '{"card":"AQID","people":-1}'],
  ] as const) {
    it(`treats ${what} as no answer`, async () => {
      answer(status, text);
      await assert.rejects(look("room", token), refusal("unreachable"));
    });
  }

  it("tells that the server can't be reached", async () => {
    globalThis.fetch = async () => {
      throw new TypeError("fetch failed");
    };
    await assert.rejects(look("room", token), refusal("unreachable"));
  });
});
