import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { h } from "preact";
import { drawn } from "./paper";
import { shells } from "./shell";

describe("the first screens", () => {
  it("are in the pages before their script is", () => {
    assert.match(shells.index, /<h1 tabIndex="-1">Meet behind closed doors\.<\/h1>/);
    assert.match(
      shells.index,
      /<button type="submit" class="primary wide" aria-busy="false">New meeting<\/button>/,
    );
    assert.match(shells.room, /<h1 tabIndex="-1"><bdi>Ready to join\?<\/bdi><\/h1>/);
    assert.equal(shells.bare, "");
  });

  it("offer nothing that cannot be done yet", () => {
    assert.match(
      shells.room,
      /<button type="submit" class="primary wide" disabled aria-busy="false">Join<\/button>/,
    );
  });

  it("know nobody and no meeting, and run nothing", () => {
    for (const html of Object.values(shells)) {
      assert.doesNotMatch(html, /aaaa|AAAA|Board/);
      assert.doesNotMatch(html, /<script|<style| on\w+=|javascript:/i);
    }
  });
});

describe("a drawing", () => {
  it("is HTML whatever the words are", () => {
    const words = `<b> & "quotes"`;
    const html = drawn(h("p", { title: words }, words, h("input", { disabled: true })));
    assert.equal(
      html,
      `<p title="&lt;b&gt; &amp; &quot;quotes&quot;">&lt;b&gt; &amp; "quotes"<input disabled></p>`,
    );
  });

  it("changes when it is drawn anew", () => {
    const list = (...names: string[]) => {
      const items = names.map((name) => h("li", { key: name }, name));
      return h("ul", null, items);
    };
    const html = drawn(list("a", "b", "c"), list("c", "a"));
    assert.equal(html, "<ul><li>c</li><li>a</li></ul>");
  });
});
