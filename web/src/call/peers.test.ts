import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cause, Grade } from "../wire/wire.gen";
import { Peers } from "./peers";
import { markKind, markOf, markText } from "./quality";

describe("connections", () => {
  it("are known until somebody leaves, and do well unless it was told", () => {
    const p = new Peers();
    const take = (session: string, up: Grade, down: Grade, causes: [Cause, Cause]): void => {
      const [up_cause, down_cause] = causes;
      p.take({ type: "quality", session, up, up_cause, down, down_cause });
    };
    take("ann", "limited", "good", ["bandwidth", "none"]);
    take("me", "good", "paused", ["none", "loss"]);
    assert.equal(markOf(p.quality.value.get("ann")), "weak");
    assert.equal(markOf(p.quality.value.get("me")), "stopped");
    assert.equal(markOf(p.quality.value.get("ben")), "");
    take("ann", "limited", "limited", ["bandwidth", "delay"]);
    assert.equal(markOf(p.quality.value.get("ann")), "late");
    take("ann", "limited", "limited", ["loss", "delay"]);
    assert.equal(markOf(p.quality.value.get("ann")), "lossy");
    take("ann", "good", "good", ["none", "none"]);
    assert.equal(markOf(p.quality.value.get("ann")), "");
    p.take({ type: "left", session: "me", reason: "left" });
    assert.deepEqual([...p.quality.value.keys()], ["ann"]);
    p.clear();
    assert.equal(p.quality.value.size, 0);
  });

  it("have words for each mark", () => {
    assert.equal(markText(""), "");
    assert.notEqual(markText("weak"), "");
    const marks = ["weak", "lossy", "late", "stopped"] as const;
    assert.equal(new Set(marks.map(markText)).size, marks.length);
    assert.deepEqual(marks.map(markKind), ["weak", "weak", "weak", "stopped"]);
  });
});
