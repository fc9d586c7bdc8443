import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hiddenHost, pieces } from "./links";

const links = (text: string) => pieces(text).flatMap((p) => ("href" in p ? [p.text] : []));

describe("addresses in a text", () => {
  for (const [text, found] of [
    ["see https://a.example/x?y=1#z.", ["https://a.example/x?y=1#z"]],
    ["(https://a.example/x) and http://b.example!", ["https://a.example/x", "http://b.example"]],
    ["https://a.example/w_(x)", ["https://a.example/w_(x)"]],
    ["“https://a.example”", ["https://a.example"]],
    ["nothing here", []],
    ["https://", []],
    ["javascript:alert(1) data:text/html,x file:///etc/passwd", []],
    ["https://bank.example@evil.example/", []],
    ["https://user:word@evil.example/", []],
  ] as const) {
    it(text, () => {
      assert.deepEqual(links(text), found);
      assert.equal(
        pieces(text)
          .map((p) => p.text)
          .join(""),
        text,
      );
    });
  }

  it("name a host that is not what it looks like", () => {
    assert.equal(hiddenHost("https://a.example", "https://a.example/"), "");
    assert.equal(
      hiddenHost("https://аpple.com", new URL("https://аpple.com").href),
      "xn--pple-43d.com",
    );
  });
});
