import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import de from "../words/de";
import es from "../words/es";
import fr from "../words/fr";
import { bestOf, chooseLanguage, firstLanguage, language, speak, t, tn, type Words } from "./words";

const src = `${process.env.INCAMERA_ROOT}web/src/`;
const catalogues: Record<string, Words> = { de, es, fr };

/** Every text that the sources ask for by name. */
function asked(): Set<string> {
  const found = new Set<string>();
  for (const folder of ["ui/", "call/"]) {
    for (const file of readdirSync(src + folder)) {
      if (!/\.tsx?$/.test(file) || /test|gallery|fake/.test(file)) continue;
      const text = readFileSync(src + folder + file, "utf8");
      for (const m of text.matchAll(/\b(?:t|word|msg)\(\s*"((?:[^"\\]|\\.)*)"/g)) found.add(m[1]!);
      for (const m of text.matchAll(/\btn\([^"]*"([^"]*)",\s*"([^"]*)"/g))
        found.add(m[1]!).add(m[2]!);
      // What problems say is translated where it is shown.
      for (const m of text.matchAll(/\b(?:title|text|label): "([A-Z](?:[^"\\]|\\.)*)"/g))
        if (folder === "call/") found.add(m[1]!);
    }
  }
  return found;
}

const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe("catalogues", () => {
  it("have every text that is asked for, in every language", () => {
    const all = asked();
    assert.ok(all.size > 150, `${all.size}`);
    for (const [name, words] of Object.entries(catalogues))
      assert.deepEqual(
        [...all].filter((k) => !words[k]),
        [],
        name,
      );
  });

  it("have the same texts with the same places for values, and none is empty", () => {
    for (const [name, words] of Object.entries(catalogues)) {
      assert.deepEqual(Object.keys(words).sort(), Object.keys(de).sort(), name);
      for (const [key, text] of Object.entries(words)) {
        assert.ok(text.trim(), `${name}: ${key}`);
        assert.deepEqual(places(text), places(key), `${name}: ${key}`);
      }
    }
  });
});

describe("a catalogue", () => {
  it("has each text in one of its files only", () => {
    for (const lang of Object.keys(catalogues)) {
      const lines = ["", "emoji/", "hosts/", "operators/", "tools/"].flatMap((part) =>
        [
          ...readFileSync(`${src}words/${part}${lang}.ts`, "utf8").matchAll(
            /^ {2}("[^\n]*?"|\w+):/gm,
          ),
        ].map((m) => m[1]!),
      );
      assert.ok(lines.length > 600, `${lang}: ${lines.length}`);
      assert.deepEqual(
        lines.filter((l, i) => lines.indexOf(l) !== i),
        [],
        lang,
      );
    }
  });
});

describe("what is written on a button", () => {
  // Who commands by voice says what is written: it must be in the button's name (WCAG 2.5.3).
  for (const [word, label] of [
    ["Mute", "Mute microphone"],
    ["Unmute", "Unmute microphone"],
    ["Camera off", "Turn camera off"],
    ["Camera on", "Turn camera on"],
    ["Share", "Share screen"],
    ["Hand", "Raise hand"],
    ["Lower", "Lower hand"],
  ] as const) {
    it(`is in its name: ${word}`, () => {
      for (const words of Object.values(catalogues)) {
        const [shown, name] = [words[word]!.toLowerCase(), words[label]!.toLowerCase()];
        assert.ok(name.includes(shown), `${shown} / ${name}`);
      }
    });
  }
});

describe("words", () => {
  afterEach(() => speak("en"));

  it("choose the person's language, or English", () => {
    assert.equal(bestOf(["pt-BR", "de-CH", "fr"]), "de");
    assert.equal(bestOf(["constructor", "zh"]), "en");
    assert.equal(bestOf([]), "en");
    const store = { get: () => "es", set: () => {}, remove: () => {} };
    assert.equal(firstLanguage(store, ["de"]), "es");
    assert.equal(firstLanguage({ ...store, get: () => null }, ["de"]), "de");
  });

  it("change with the language, and a missing one stays English", async () => {
    await speak("de");
    assert.equal(language.value, "de");
    assert.equal(t("Leave"), "Verlassen");
    assert.equal(t("Nobody has translated this"), "Nobody has translated this");
    assert.equal(t("{name} left", { name: "{n} $& Ann" }), "{n} $& Ann ist gegangen");
    const kept: string[] = [];
    chooseLanguage({ get: () => null, set: (_, v) => void kept.push(v), remove: () => {} }, "fr");
    assert.deepEqual(kept, ["fr"]);
  });

  it("count by the rules of the language", async () => {
    await speak("fr");
    assert.equal(tn(0, "1 person", "{n} people"), "1 personne");
    await speak("de");
    assert.equal(tn(1_200, "1 person", "{n} people"), "1.200 Personen");
    await speak("en");
    assert.equal(tn(0, "1 person", "{n} people"), "0 people");
  });
});
