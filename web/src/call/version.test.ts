import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeBrowser } from "./fake";
import { Version } from "./version";

const status = { pinned: "aa", since: 5, offered: "", refused: false, broken: false };

async function looked(pin: FakeBrowser["pin"]): Promise<{ b: FakeBrowser; v: Version }> {
  const b = new FakeBrowser();
  b.pin = pin;
  const v = new Version(b.env);
  await b.clock.pass(2_000);
  return { b, v };
}

describe("the client's version", () => {
  it("is asked for when the page is there, and every hour", async () => {
    const b = new FakeBrowser();
    const v = new Version(b.env);
    await b.clock.pass(1_999);
    assert.equal(b.pinned.length, 0, "the page waited for it");
    await b.clock.pass(1);
    assert.deepEqual(b.pinned, [{ type: "status" }]);
    assert.equal(v.pinned.value, "", "no worker, nothing kept");
    b.pin = { ...status, offered: "bb" };
    await b.clock.pass(3_600_000);
    assert.deepEqual([v.pinned.value, v.since.value, v.offered.value], ["aa", 5, "bb"]);
  });

  it("is another one only when it was taken, and then the page is loaded anew", async () => {
    const { b, v } = await looked({ ...status, offered: "bb" });
    v.take();
    assert.equal(v.taking.value, true);
    await b.clock.pass(0);
    assert.equal(b.reloads, 0, "it was not taken");
    assert.equal(v.taking.value, false);
    b.pin = { ...status, pinned: "bb" };
    v.take();
    await b.clock.pass(0);
    assert.deepEqual(b.pinned.at(-1), { type: "take", hash: "bb" });
    assert.equal(b.reloads, 1);
  });

  it("stays when another is refused, which is not shown again", async () => {
    const { b, v } = await looked({ ...status, offered: "bb" });
    b.pin = { ...status, offered: "bb", refused: true };
    v.refuse();
    assert.equal(v.offered.value, "");
    await b.clock.pass(0);
    assert.deepEqual(b.pinned.at(-1), { type: "refuse", hash: "bb" });
    assert.equal(v.offered.value, "");
    b.pin = { ...status, offered: "cc" };
    await b.clock.pass(3_600_000);
    assert.equal(v.offered.value, "cc");
  });
});
