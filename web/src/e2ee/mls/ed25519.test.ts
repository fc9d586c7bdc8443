import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { unhex } from "../bytes";
import { verifyEd25519 } from "./ed25519";

interface Vector {
  what: string;
  key: string;
  message: string;
  signature: string;
}
const root = process.env.INCAMERA_ROOT ?? "..";
const { holds, refused }: Record<"holds" | "refused", Vector[]> = JSON.parse(
  readFileSync(`${root}/testdata/e2ee/ed25519.json`, "utf8"),
);
const verified = (v: Vector) => verifyEd25519(unhex(v.key), unhex(v.message), unhex(v.signature));

test("ed25519: what holds in Go holds here, and nothing else", async () => {
  assert(holds.length > 1 && refused.length > 20);
  for (const v of holds) assert(await verified(v), v.what);
  for (const v of refused) assert(!(await verified(v).catch(() => false)), v.what);
});

test("ed25519: nobody else asks the browser whether a signature holds", () => {
  const asking = (readdirSync(`${root}/web/src/e2ee`, { recursive: true }) as string[]).filter(
    (name) =>
      name.endsWith(".ts") &&
      !name.endsWith(".test.ts") &&
      /\.verify\(\s*"Ed25519"/.test(readFileSync(`${root}/web/src/e2ee/${name}`, "utf8")),
  );
  assert.deepEqual(asking, ["mls/ed25519.ts"]);
});
