import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Peers } from "./peers";
import { markOf, markText } from "./quality";

describe("connections", () => {
  it("are known until somebody leaves, and do well unless it was told", () => {
    const p = new Peers();
    p.take({ type: "quality", session: "ann", up: "limited", down: "good" });
    p.take({ type: "quality", session: "me", up: "good", down: "paused" });
    assert.equal(markOf(p.quality.value.get("ann")), "weak");
    assert.equal(markOf(p.quality.value.get("me")), "stopped");
    assert.equal(markOf(p.quality.value.get("ben")), "");
    p.take({ type: "quality", session: "ann", up: "good", down: "good" });
    assert.equal(markOf(p.quality.value.get("ann")), "");
    p.take({ type: "left", session: "me", reason: "left" });
    assert.deepEqual([...p.quality.value.keys()], ["ann"]);
    p.clear();
    assert.equal(p.quality.value.size, 0);
  });

  it("have words for each mark", () => {
    assert.equal(markText(""), "");
    assert.notEqual(markText("weak"), "");
    assert.notEqual(markText("stopped"), markText("weak"));
  });
});
