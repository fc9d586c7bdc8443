/** A meeting with its panels, and what hosts do. */
import { speak } from "../call/words";
import { type Fake, noKeys, person, said, security, waits } from "./gallery-model";
import { END, hosted, lively, meeting, newDevice, press, type States, talk } from "./gallery-parts";

/** Of one whom nobody has let in. */
const outside = (f: Fake, why: Fake["meeting"]["door"]["outside"]["value"]): Fake["meeting"] => {
  const m = meeting(f, 1);
  m.security.value = noKeys();
  m.door.outside.value = why;
  return m;
};

export const panels: States = {
  invite: (f) => {
    meeting(f, 4, ...lively).panel.value = "people";
    press("Code and calendar");
  },
  "german-lobby": (f) => {
    void speak("de");
    const m = meeting(f, 4, ...lively);
    const waiting = [waits(4), { ...waits(3), warning: newDevice }];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
  },
  person: (f) => {
    const m = meeting(f, 4, ...lively);
    m.panel.value = "people";
    m.volumes.value = new Map([["s0", 0.4]]);
    press("Menu of Legal desk");
  },
  people: (f) => {
    const m = meeting(f, 9, ...lively);
    m.people.value = m.tiles.value.map((t, n) => ({ ...person(t, n), screen: n === 3 }));
    m.panel.value = "people";
  },
  lobby: (f) => {
    const m = meeting(f, 4, ...lively);
    const warning = "has a name that another person here has, too";
    const waiting = [waits(4), { ...waits(3), warning }, { ...waits(7), verified: true }];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
  },
  "lobby-write": (f) => {
    const m = meeting(f, 4, ...lively);
    const waiting = [waits(4), waits(3)];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
    press(`Write to ${waiting[0]?.name}`);
  },
  "lobby-write-all": (f) => {
    const m = meeting(f, 4, ...lively);
    const waiting = [waits(4), waits(3)];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
    press("Write to all");
  },
  "lobby-many": (f) => {
    const m = hosted(f);
    const waiting = Array.from({ length: 12 }, (_, n) => waits(n));
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
  },
  "lobby-banner-many": (f) => {
    const m = meeting(f, 4, ...lively);
    const waiting = [3, 4, 6].map(waits);
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
  },
  "lobby-banner": (f) => {
    const m = meeting(f, 4, ...lively);
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting: [waits(6)] };
  },
  "lobby-banner-warning": (f) => {
    const m = meeting(f, 4, ...lively);
    const waiting = [{ ...waits(6), warning: newDevice }];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
  },
  "lobby-remove": (f) => {
    const m = meeting(f, 4, ...lively);
    m.door.access.value = { moderates: true, lobby: false, locked: false, waiting: [] };
    m.panel.value = "people";
    press("Menu of Legal desk", "Menu of Field office", "Remove Field office");
  },
  locked: (f) => {
    const m = meeting(f, 3, ...lively);
    m.door.access.value = { moderates: true, lobby: true, locked: true, waiting: [waits(6)] };
    m.panel.value = "people";
  },
  "host-rules": (f) => {
    hosted(f).panel.value = "people";
    press("Rules of the meeting");
  },
  "host-rules-set": (f) => {
    const m = hosted(f);
    const ends = Date.UTC(2026, 10, 24, 16, 30);
    m.host.rules.value = { ...m.host.rules.value, ends, locks: ends, hostless: 5, keep: 60 };
    m.panel.value = "people";
    press("Rules of the meeting", END);
  },
  "change-link": (f) => {
    hosted(f).panel.value = "people";
    press("Rules of the meeting", "Change the link", END);
  },
  "end-for-all": (f) => {
    hosted(f).panel.value = "people";
    press("Rules of the meeting", "End for all", END);
  },
  "host-remove": (f) => {
    hosted(f).panel.value = "people";
    press("Menu of Legal desk", "Remove Legal desk");
  },
  "host-appoint": (f) => {
    hosted(f).panel.value = "people";
    press("Menu of Legal desk", "Make co-host: Legal desk");
  },
  "rules-guest": (f) => {
    const m = meeting(f, 4, ...lively);
    m.host.rules.value = { ...m.host.rules.value, ends: Date.UTC(2026, 10, 24, 16, 30) };
    m.panel.value = "people";
  },
  "host-person": (f) => {
    hosted(f).panel.value = "people";
    press("Menu of Legal desk");
  },
  "host-spotlight": (f) => {
    const m = hosted(f);
    m.spotlight.key.value = "s1 camera";
    m.panel.value = "people";
    press("Menu of Newsroom");
  },
  "german-host": (f) => {
    void speak("de");
    hosted(f).panel.value = "people";
    press("Regeln des Treffens");
  },
  "cohost-person": (f) => {
    const m = hosted(f);
    m.host.isHost.value = false;
    m.panel.value = "people";
    press("Menu of Legal desk");
  },
  "lobby-guest": (f) => {
    const m = meeting(f, 3, ...lively);
    m.door.access.value = { moderates: false, lobby: true, locked: false, waiting: [] };
    m.panel.value = "people";
  },
  "outside-lobby": (f) => void outside(f, "somebody"),
  "outside-sent": (f) => void outside(f, "sent"),
  "outside-written": (f) => {
    outside(f, "somebody").door.written.value =
      "We are still with the candidate before you. It will take ten minutes; please stay.";
  },
  "outside-keys": (f) => {
    outside(f, "keys").door.mayRestart.value = true;
  },
  "outside-host": (f) => void outside(f, "host"),
  chat: (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    m.panel.value = "chat";
  },
  "chat-polls": (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    const poll = { name: "Newsroom", own: false, multiple: false, closed: false, voters: 3 };
    const option = (text: string, chosen: boolean, ...who: string[]) => ({
      text,
      chosen,
      names: who,
    });
    m.polls.list.value = [
      {
        ...poll,
        key: "a",
        question: "Do we publish on Thursday?",
        options: [option("Yes", true, "Ada Keller", "Legal desk"), option("No", false, "Ann")],
      },
      {
        ...poll,
        key: "b",
        own: true,
        multiple: true,
        closed: true,
        question: "Which days suit you for the next meeting?",
        options: [option("Mon", false), option("Tue", true, "Ada Keller", "Ann", "Legal desk")],
      },
    ];
    m.panel.value = "chat";
  },
  "chat-files": (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    const file = (id: string, name: string, size: number, type = "") => ({
      ...said(1, "", 12),
      id,
      file: { key: id, session: "s1", id, name, size, type },
    });
    m.chat.value = [
      ...m.chat.value.slice(-1),
      file("a", "Report for the board, 3rd quarter (final, really).pdf", 2_340_000),
      file("b", "photo.jpg", 840_000, "image/jpeg"),
      file("c", "minutes.odt", 18_300),
      file("d", "gone.zip", 99_000_000),
      { ...said(1, "Between us: page 4 is wrong.", 13), to: "you" as const },
      { ...said(-1, "I have seen it, too.", 14), to: { name: "Newsroom" } },
    ];
    const item = (state: "fetching" | "ready" | "failed", received: number, problem = "") => ({
      state,
      received,
      problem,
      preview: "",
    });
    m.files.incoming.value = new Map([
      ["b", item("ready", 1)],
      ["c", item("fetching", 0.4)],
      ["d", item("failed", 0, "It is no longer on the server. Ask the sender to send it again.")],
    ]);
    const going = { name: "slides.pdf", size: 4_100_000, to: "", sent: 0.6, problem: "" };
    m.files.outgoing.value = [{ ...going, id: 1, state: "sending" as const }];
    m.panel.value = "chat";
  },
  "chat-files-going": (f) => {
    const m = meeting(f, 4, ...lively);
    const going = { size: 4_100_000, to: "", sent: 0.6, problem: "" };
    const problem = "It is larger than this server takes: 100 MB.";
    m.files.outgoing.value = [
      { ...going, id: 1, name: "slides.pdf", state: "sending" },
      { ...going, id: 2, name: "annex.pdf", state: "waiting", sent: 0.2 },
      { ...going, id: 3, name: "film.mp4", state: "failed", sent: 0, problem },
    ];
    const file = { key: "p", session: "s1", id: "p", name: "photo.svg", size: 840_000 };
    m.chat.value = [{ ...said(1, "", 12), file: { ...file, type: "image/jpeg" } }];
    const preview = "/icon.svg";
    m.files.incoming.value = new Map([
      ["p", { state: "ready", received: 1, problem: "", preview }],
    ]);
    m.panel.value = "chat";
  },
  "chat-alone": (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    m.panel.value = "chat";
    press("To=Newsroom", "Message=Page 4 is wrong.");
  },
  "chat-left": (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    m.panel.value = "chat";
    press("To=Newsroom", () => {
      m.people.value = m.people.value.filter((p) => p.name !== "Newsroom");
    });
  },
  "poll-new": (f) => {
    const m = meeting(f, 4, ...lively);
    talk(m);
    m.panel.value = "chat";
    m.polls.ask = () => false;
    press("New poll", "Question=Do we publish on Thursday?", "Answer 1=Yes", "Ask everybody", END);
  },
  "chat-empty": (f) => {
    meeting(f, 2).panel.value = "chat";
  },
  security: (f) => {
    meeting(f, 4, ...lively).panel.value = "security";
  },
  "security-pictures": (f) => {
    meeting(f, 4, ...lively).panel.value = "security";
    press("The same in pictures");
  },
  "security-verified": (f) => {
    const m = meeting(f, 4, ...lively);
    m.verify(true);
    m.panel.value = "security";
  },
  "apart-banner": (f) => {
    const m = meeting(f, 6, ...lively);
    m.security.value = security({ apart: ["Ben", "Cleo"] });
  },
  "security-apart": (f) => {
    const m = meeting(f, 6, ...lively);
    m.security.value = security({ apart: ["Ben", "Cleo"] });
    m.panel.value = "security";
    m.door.mayRestart.value = true;
  },
  "security-warning": (f) => {
    const m = meeting(f, 4, ...lively);
    const warnings = ["", "", "has a name that another person here has, too", newDevice];
    m.people.value = m.people.value.map((p, i) => ({ ...p, warning: warnings[i] ?? "" }));
    m.panel.value = "security";
  },
  "people-warning": (f) => {
    const m = meeting(f, 4, ...lively);
    m.verify(true);
    m.people.value = m.people.value.map((p, i) =>
      i === 3 ? { ...p, verified: false, warning: newDevice } : p,
    );
    const action = { label: "Compare numbers", run: () => undefined };
    m.notices.value = [
      { id: 1, text: `Field office joined, and uses ${newDevice}`, kind: "warn", action },
    ];
    m.panel.value = "people";
  },
  "security-end": (f) => {
    const m = meeting(f, 4, ...lively);
    m.version.offered.value = "90c71b02".repeat(8);
    m.panel.value = "security";
    press(END);
  },
  "security-quantum": (f) => {
    const m = meeting(f, 4, ...lively);
    m.security.value = security({ postQuantum: true, codec: "video/AV1" });
    m.version.pinned.value = "";
    m.version.broken.value = true;
    m.panel.value = "security";
    press(END);
  },
  "security-partly": (f) => {
    const m = meeting(f, 4, ...lively);
    m.people.value = m.people.value.map((p, n) => ({ ...p, verified: n === 1 }));
    m.panel.value = "security";
  },
  "people-49": (f) => {
    const m = meeting(f, 49, ...lively);
    m.panel.value = "people";
    press(END);
  },
  "security-waiting": (f) => {
    const m = meeting(f, 1);
    m.security.value = noKeys();
    m.panel.value = "security";
  },
};
