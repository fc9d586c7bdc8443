/** Tokens that Go made: who is believed, and what is not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unhex } from "./bytes";
import { checkIdentity, identityNonce } from "./identity";

const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/identity.json`, "utf8")) as Record<
  "room" | "device" | "nonce" | "issuer" | "audience",
  string
> & {
  now: number;
  keys: unknown;
  good: { token: string; subject: string; name: string; email: string }[];
  bad: Record<string, string>;
};
const device = unhex(v.device);
const provider = { issuer: v.issuer, audience: v.audience, keys: v.keys };
const check = (token: string, p = provider) => checkIdentity(p, token, v.room, device, v.now);

test("identity: the nonce is of the device and the room", async () => {
  assert.equal(await identityNonce(v.room, device), v.nonce);
  assert.notEqual(await identityNonce(`${v.room}x`, device), v.nonce);
});

test("identity: what the provider has signed for this device in this room is believed", async () => {
  assert(v.good.length > 5);
  for (const { token, ...identity } of v.good) assert.deepEqual(await check(token), identity);
});

test("identity: nothing else is", async () => {
  assert(Object.keys(v.bad).length > 25);
  for (const [why, token] of Object.entries(v.bad)) await assert.rejects(check(token), `${why}`);
  const { token } = v.good[0]!;
  for (const p of [
    { ...provider, keys: null },
    { ...provider, issuer: "" },
    { ...provider, audience: "" },
  ])
    await assert.rejects(check(token, p));
  await assert.rejects(checkIdentity(provider, token, v.room, device, v.now + 86_400_000));
  await assert.rejects(
    checkIdentity(
      provider,
      token,
      v.room,
      device.map((b) => b ^ 1),
      v.now,
    ),
  );
});
