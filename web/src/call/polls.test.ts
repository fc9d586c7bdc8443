import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppPayload } from "../e2ee/protocol";
import { composePoll, Polls } from "./polls";

/** People who hear each other in one order; whoever is added hears nothing of before. */
function room(...names: string[]) {
  const asked: string[] = [];
  const all = new Map<string, Polls>();
  const say = (from: string, payload: AppPayload): boolean => {
    if (payload.kind === "poll" || payload.kind === "vote" || payload.kind === "poll_end")
      for (const p of all.values()) p.take(from, from, payload);
    return true;
  };
  const add = (name: string): Polls => {
    const polls = new Polls({
      say: (payload) => say(name, payload),
      me: () => name,
      random: Math.random,
      asked: (by, question) => void asked.push(`${name}: ${by} asks ${question}`),
    });
    all.set(name, polls);
    return polls;
  };
  const leave = (name: string): void => {
    all.delete(name);
    for (const p of all.values()) p.keep(new Set(all.keys()));
  };
  return { people: names.map(add), add, leave, say, asked, all };
}

const shown = (p: Polls) =>
  p.list.value.map(
    (q) =>
      `${q.question}${q.closed ? " closed" : ""} ${q.options.map((o) => o.names.join("+")).join("|")}`,
  );

describe("polls", () => {
  it("are counted alike by all as votes come, change and are taken back", () => {
    const { people, asked } = room("ann", "ben", "cy");
    const [ann, ben, cy] = people as [Polls, Polls, Polls];
    assert(ann.ask(" Lunch? ", ["soup", "", "salad"], false));
    assert.deepEqual(asked, ["ben: ann asks Lunch?", "cy: ann asks Lunch?"]);
    const { key } = ben.list.value[0]!;
    ben.choose(key, 0);
    cy.choose(key, 0);
    cy.choose(key, 1); // instead
    for (const p of people) assert.deepEqual(shown(p), ["Lunch? ben|cy"]);
    ben.choose(key, 0); // back
    for (const p of people) assert.deepEqual(shown(p), ["Lunch? |cy"]);
    assert.deepEqual([ann.list.value[0]?.own, ben.list.value[0]?.own], [true, false]);
    assert.equal(cy.list.value[0]?.options[1]?.chosen, true);
  });

  it("allow several choices where they are asked for, and no more otherwise", () => {
    const { people, say } = room("ann", "ben");
    const [ann, ben] = people as [Polls, Polls];
    ann.ask("When?", ["Mon", "Tue", "Wed"], true);
    ben.choose(ben.list.value[0]!.key, 2);
    ben.choose(ben.list.value[0]!.key, 0);
    assert.deepEqual(shown(ann), ["When? ben||ben"]);
    ann.ask("Who?", ["x", "y"], false);
    const poll = ann.list.value[1]!.key.split(" ")[1]!;
    say("ben", { kind: "vote", asker: "ann", poll, choices: [0, 1] });
    say("cy", { kind: "vote", asker: "ann", poll, choices: [5] });
    assert.equal(shown(ann)[1], "Who? |");
  });

  it("are closed by their asker alone, and stay as they are then", () => {
    const { people, say } = room("ann", "ben");
    const [ann, ben] = people as [Polls, Polls];
    ann.ask("Lunch?", ["a", "b"], false);
    const { key } = ann.list.value[0]!;
    ben.choose(key, 1);
    ben.close(key);
    say("ben", { kind: "poll_end", poll: key.split(" ")[1]! });
    assert.deepEqual(shown(ann), ["Lunch? |ben"]);
    ann.close(key);
    say("ben", { kind: "vote", asker: "ann", poll: key.split(" ")[1]!, choices: [0] });
    for (const p of people) assert.deepEqual(shown(p), ["Lunch? closed |ben"]);
  });

  it("cannot be changed under the votes", () => {
    const { people, say } = room("ann", "ben");
    const [ann, ben] = people as [Polls, Polls];
    ann.ask("Lunch?", ["a", "b"], false);
    const id = ann.list.value[0]!.key.split(" ")[1]!;
    say("ann", { kind: "poll", id, question: "Fire Ben?", options: ["yes", "no"], multiple: true });
    assert.deepEqual(shown(ben), ["Lunch? |"]);
  });

  it("are told to who joins later, votes that come before their poll included", () => {
    const t = room("ann", "ben");
    const [ann, ben] = t.people as [Polls, Polls];
    ann.ask("Lunch?", ["a", "b"], false);
    ann.ask("Done?", ["a", "b"], false);
    ann.close(ann.list.value[1]!.key);
    ben.choose(ann.list.value[0]!.key, 1);
    const late = t.add("late");
    ben.repeat();
    ann.repeat();
    assert.deepEqual(shown(late), ["Lunch? |ben"]);
  });

  it("of who left are closed, and votes of who left do not count in open ones", () => {
    const t = room("ann", "ben", "cy");
    const [ann, ben, cy] = t.people as [Polls, Polls, Polls];
    ann.ask("Lunch?", ["a", "b"], false);
    cy.ask("Tea?", ["a", "b"], false);
    for (const q of ben.list.value) {
      cy.choose(q.key, 0);
      ben.choose(q.key, 1);
    }
    t.leave("cy");
    assert.deepEqual(shown(ben), ["Lunch? |ben", "Tea? closed cy|ben"]);
    ann.restart();
    assert.equal(
      ann.list.value.every((q) => q.closed),
      true,
    );
  });

  it("are few at a time for each person", () => {
    const { people, say } = room("ann", "ben");
    const [ann, ben] = people as [Polls, Polls];
    for (let i = 0; i < 3; i++) assert(ann.ask(`${i}?`, ["a", "b"], false));
    assert.equal(ann.ask("4?", ["a", "b"], false), false);
    const id = "0123456789abcdef";
    say("ann", { kind: "poll", id, question: "5?", options: ["a", "b"], multiple: false });
    assert.equal(ben.list.value.length, 3);
  });

  it("need a question and different answers", () => {
    for (const [question, ...options] of [
      ["", "a", "b"],
      ["x", "a"],
      ["x", "a", " "],
      ["x", "a", "a "],
      ["x".repeat(301), "a", "b"],
      ["x", "a", "b".repeat(121)],
      ["x\u202e", "a", "b"],
    ])
      assert.equal(composePoll(question!, options), null, question);
  });
});
