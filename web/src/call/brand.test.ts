import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brand, loadBrand, readBrand } from "./brand";

describe("an operator's brand", () => {
  it("is a short name that can be seen, and maybe a logo", () => {
    const is = (said: unknown): unknown => readBrand(JSON.stringify(said));
    assert.deepEqual(is({ name: "Example", logo: true }), { name: "Example", logo: true });
    assert.deepEqual(is({ name: "É".repeat(40) }), { name: "É".repeat(40), logo: false });
    assert.deepEqual(is({ name: "<b>", logo: "/x" }), { name: "<b>", logo: false });
    for (const bad of [
      {},
      { name: "" },
      { name: " " },
      { name: "e".repeat(41) },
      { name: "a\u202eb" },
      { name: "a\nb" },
      { name: ["Example"] },
      null,
      "Example",
    ])
      assert.equal(is(bad), null, JSON.stringify(bad));
    assert.equal(readBrand("<html>"), null);
    assert.equal(readBrand(""), null);
  });

  it("is none where the server has none, or does not answer", async () => {
    await loadBrand(async (path) => (path === "/brand" ? '{"name":"Example","logo":false}' : ""));
    assert.equal(brand.value?.name, "Example");
    await loadBrand(async () => "");
    assert.equal(brand.value, null);
    await loadBrand(() => Promise.reject(new Error("away")));
    assert.equal(brand.value, null);
  });
});
