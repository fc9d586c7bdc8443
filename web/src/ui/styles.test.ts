import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const folder = `${process.env.INCAMERA_ROOT}web/src/ui/`;
/** What is centred is the same from either side. */
const centred = new Set(["left: 50%", "left: auto"]);

/** The values of a declaration; what is in brackets is one. */
const values = (text: string): string[] =>
  text.match(/(?:[^\s(]|\([^()]*(?:\([^()]*\)[^()]*)*\))+/g) ?? [];

/** What in these styles is at the left or the right, whatever the direction of the text. */
function physical(css: string): string[] {
  const found: string[] = [];
  for (const [, name = "", value = ""] of css.matchAll(/([\w-]+):\s*([^;{}]+);/g)) {
    const declaration = `${name}: ${value}`;
    const four = values(value);
    const word = /(^|[\s-])(left|right)([\s-]|$)/;
    const sides = /^(padding|margin|inset|border-(width|style|color)|scroll-(margin|padding))$/;
    const uneven =
      name === "border-radius" ? four[0] !== four[1] || four[2] !== four[3] : four[1] !== four[3];
    if (centred.has(declaration)) continue;
    if (word.test(name) || word.test(value)) found.push(declaration);
    else if ((sides.test(name) || name === "border-radius") && four.length === 4 && uneven)
      found.push(declaration);
  }
  return found;
}

describe("styles", () => {
  it("find what is at the left or the right", () => {
    for (const bad of [
      "margin-left: 1px;",
      "left: 0;",
      "text-align: right;",
      "padding: 0 1px 0 calc(2px + (1px));",
      "border-radius: 0 1px 1px 0;",
      "transition: left 1s;",
    ])
      assert.equal(physical(bad).length, 1, bad);
    assert.deepEqual(
      physical("padding: 0 calc(1px + 2px) 4px calc(1px + 2px); inset-inline-start: 0;"),
      [],
    );
  });

  it("say start and end, so that the page turns with the direction of the text", () => {
    const sheets = readdirSync(folder).filter((f) => f.endsWith(".css"));
    assert.ok(sheets.length > 5, "no styles were read");
    for (const f of sheets) assert.deepEqual(physical(readFileSync(folder + f, "utf8")), [], f);
    for (const f of readdirSync(folder).filter((f) => f.endsWith(".tsx")))
      assert.doesNotMatch(
        readFileSync(folder + f, "utf8"),
        /^\s*((left|right): (`|"[-\d])|(margin|padding|border)(Left|Right))/m,
        f,
      );
  });
});
