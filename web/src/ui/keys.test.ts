import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chordOf, pinOf, shortcutOf } from "./keys";

const press = (key: string, more: object = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  repeat: false,
  taken: false,
  ...more,
});

describe("keys", () => {
  it("single ones are not taken from fields, from dialogs or from the browser", () => {
    assert.equal(shortcutOf(press("M")), "mic");
    assert.equal(pinOf(press("3")), 2);
    for (const key of ["m", "3"])
      for (const more of [{ taken: true }, { ctrlKey: true }, { altKey: true }, { repeat: true }]) {
        assert.equal(shortcutOf(press(key, more)), null);
        assert.equal(pinOf(press(key, more)), null);
      }
    for (const key of ["0", "10", "F1", "m"]) assert.equal(pinOf(press(key)), null, key);
    assert.equal(shortcutOf(press("constructor")), null);
  });

  it("two at once work in fields, and only those two", () => {
    assert.equal(chordOf(press("d", { ctrlKey: true, taken: true })), "mic");
    assert.equal(chordOf(press("E", { metaKey: true })), "camera");
    for (const more of [
      {},
      { ctrlKey: true, shiftKey: true },
      { ctrlKey: true, altKey: true },
      { ctrlKey: true, metaKey: true },
      { ctrlKey: true, repeat: true },
    ])
      assert.equal(chordOf(press("d", more)), null);
    assert.equal(chordOf(press("c", { ctrlKey: true })), null);
  });
});
