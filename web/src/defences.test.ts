// What attack-proof takes out of the client is there to be taken out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";

interface Attack {
  edits: { file: string; old: string }[];
}

it("the edits of the attacks on a page fit the sources", () => {
  const read = (file: string): string =>
    readFileSync(`${process.env.INCAMERA_ROOT}/${file}`, "utf8");
  const attacks: Attack[] = JSON.parse(read("web/e2e/lib/defences.json"));
  const edits = attacks.flatMap((a) => a.edits);
  assert.ok(edits.length > 3);
  for (const { file, old } of edits) {
    const times: number = read(file).split(old).length - 1;
    assert.equal(times, 1, `${file}: ${JSON.stringify(old)} stands there ${times} times`);
  }
});
