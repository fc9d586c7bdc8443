import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { calendarFile } from "./calendar";

const link = `https://meet.example.org/r/${"k3j2".repeat(6)}aa#1.${"x9Qr".repeat(10)}abc`;
const file = (title: string) =>
  calendarFile({
    title,
    link,
    start: Date.UTC(2026, 10, 26, 14, 30),
    minutes: 45,
    stamp: Date.UTC(2026, 10, 25),
    uid: "1234",
  });
const unfolded = (text: string) => text.replaceAll("\r\n ", "").split("\r\n");

describe("calendar file", () => {
  it("says when, what and where", () => {
    const lines = unfolded(file("Board"));
    assert.ok(lines.includes("DTSTART:20261126T143000Z"));
    assert.ok(lines.includes("DTEND:20261126T151500Z"));
    assert.ok(lines.includes("SUMMARY:Board"));
    assert.ok(lines.includes(`URL:${link}`));
    assert.equal(lines.at(0), "BEGIN:VCALENDAR");
    assert.equal(lines.at(-2), "END:VCALENDAR");
  });

  it("lets no title add a line of its own", () => {
    const lines = unfolded(file("A\r\nATTENDEE:x\nEND:VEVENT; b, c\\"));
    assert.ok(lines.includes("SUMMARY:A\\nATTENDEE:x\\nEND:VEVENT\\; b\\, c\\\\"));
    assert.equal(lines.filter((l) => l === "END:VEVENT").length, 1);
  });

  it("has no line above 75 bytes, and cuts no character in two", () => {
    const text = file("松本 👋 ".repeat(30));
    for (const l of text.split("\r\n")) assert.ok(Buffer.byteLength(l) <= 75, l);
    assert.ok(unfolded(text).some((l) => l === `SUMMARY:${"松本 👋 ".repeat(30)}`));
    assert.ok(!text.replaceAll("\r\n", "").includes("\n"), "a bare line feed");
  });
});
