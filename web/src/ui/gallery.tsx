/** Shows any state of the screens: ?state=name. For looking and for tests that look; no part of the client. */
import { render } from "preact";
import type { Person, Problem } from "../call/model";
import { hostEnded } from "../call/problems";
import { speak, t } from "../call/words";
import { App } from "./app";
import { face } from "./gallery-faces";
import {
  type Fake,
  fill,
  makeFake,
  names,
  nothing,
  person,
  said,
  sealed,
  tile,
  waits,
} from "./gallery-model";

const run = (): void => {};
const again = { label: "Try again", run };
const problem = (code: Problem["code"], title: string, text: string): Problem => ({
  code,
  title,
  text,
});
const blocked: Problem = {
  ...problem(
    "camera-denied",
    "The camera is blocked",
    "Your browser blocks the camera for this page. Click the symbol beside the address, allow Camera, then try again.",
  ),
  action: again,
};

const check = (f: Fake): Fake["check"] => {
  f.screen.value = "check";
  f.check.preview.value = face(2);
  return f.check;
};
const meeting = (f: Fake, n: number, ...change: Parameters<typeof tile>[1][]): Fake["meeting"] => {
  f.screen.value = "meeting";
  fill(
    f.meeting,
    n,
    change.map((c) => c ?? {}),
  );
  return f.meeting;
};
/** A meeting as its host sees it: with a co-host, a listener, and one who is kept muted. */
const hosted = (f: Fake): Fake["meeting"] => {
  const m = meeting(f, 5, ...lively);
  m.door.access.value = { moderates: true, lobby: true, locked: false, waiting: [] };
  m.host.moderates.value = true;
  m.host.isHost.value = true;
  m.host.rules.value = { ...m.host.rules.value, withheld: 4, full: 20 };
  const all = m.tiles.value.map(person);
  const parts: Partial<Person>[] = [
    { role: "host" },
    {},
    { role: "moderator" },
    { role: "listener", mic: false, camera: false },
    { mic: false, barred: { ...nothing, mic: true } },
  ];
  m.people.value = all.map((p, n) => ({ ...p, ...parts[n] }));
  return m;
};
const stop = (f: Fake, p: Problem): void => {
  f.screen.value = "stopped";
  f.stopped.value = p;
};
/** What is pressed when the screen is there, by its accessible name. */
const pressed: string[] = [];
const press = (...names: string[]): void => void pressed.push(...names);
const pressAll = async (): Promise<void> => {
  for (const name of pressed) {
    await new Promise(requestAnimationFrame);
    const named = (b: HTMLElement) => (b.ariaLabel ?? b.textContent ?? "").trim() === name;
    const all = [...document.querySelectorAll<HTMLElement>("button, summary")];
    const shown = all.find((b) => named(b) && b.offsetParent !== null);
    shown?.click();
  }
};
const lively = [{}, { speaking: true }, { muted: true }, {}, { video: "off" }] as const;

const talk = (m: Fake["meeting"]): void => {
  m.chat.value = [
    said(1, "Good morning. I put the draft in the usual place.", 2),
    said(1, "Page 4 is the one to read first.", 3),
    said(-1, "Thank you. Reading it now.", 4),
    said(
      0,
      "One correction: the date on page 4 must be the 14th, not the 4th.\nSame in the annex.",
      9,
    ),
    said(
      2,
      "https://example.org/a/very/long/address/that-has-no-place-to-break-anywhere-in-it",
      11,
    ),
  ];
};

const newDevice = "a new device: you met this name with another one";

/** The states, by the name that the query gives. */
const states: Record<string, (f: Fake) => void> = {
  landing: run,
  "landing-problem": (f) => {
    const text =
      "This link was cut short: its end is missing. Copy the whole invitation link and paste it here.";
    f.landing.problem.value = problem("link", "This link does not work", text);
  },
  "landing-busy": (f) => {
    f.landing.busy.value = true;
  },
  check: (f) => void check(f),
  "check-denied": (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = { on: false, devices: [], chosen: "", problem: blocked };
  },
  "check-nodevice": (f) => {
    const c = check(f);
    c.preview.value = null;
    const text = (what: string) => `Connect a ${what} and try again, or join without one.`;
    const none = { on: false, devices: [], chosen: "" };
    const camera = problem("no-camera", "No camera found", text("camera"));
    const mic = problem("no-mic", "No microphone found", text("microphone"));
    c.camera.value = { ...none, problem: { ...camera, action: again } };
    c.mic.value = { ...none, problem: { ...mic, action: again } };
  },
  "check-noname": (f) => {
    const c = check(f);
    c.name.value = "";
    c.canJoin.value = false;
    c.people.value = 0;
    c.title.value = "";
  },
  "check-long": (f) => {
    const c = check(f);
    c.title.value = "Extraordinary general assembly on the reorganisation of the waters";
    c.name.value = "W".repeat(64);
    c.nameHint.value = "Choose a shorter name.";
  },
  "check-joining": (f) => {
    const c = check(f);
    c.joining.value = true;
    c.canJoin.value = false;
  },
  "meeting-1": (f) => void meeting(f, 1),
  "meeting-2": (f) => void meeting(f, 2, {}, { speaking: true }),
  "meeting-4": (f) => void meeting(f, 4, ...lively),
  "meeting-9": (f) => void meeting(f, 9, ...lively),
  "meeting-25": (f) => {
    meeting(f, 25, ...lively);
  },
  long: (f) => {
    const unbroken = "W".repeat(64);
    const m = meeting(f, 4, {}, { name: names[3]!, muted: true }, { name: unbroken, away: true });
    m.title.value = "Extraordinary general assembly on the reorganisation of the waters";
    m.panel.value = "people";
    m.people.value = m.tiles.value.map(person);
  },
  waiting: (f) => {
    const m = meeting(f, 4, {}, {}, { video: "waiting" }, { video: "waiting" });
    m.security.value = { ...sealed, seal: "Waiting for keys", sealed: false, code: [] };
  },
  weak: (f) => {
    const m = meeting(
      f,
      4,
      {},
      { mark: "weak" },
      { mark: "stopped", video: "off" },
      {
        video: "waiting",
        waitingText: t("Your connection is too weak for the picture of {name}", {
          name: names[3]!,
        }),
      },
    );
    m.panel.value = "people";
    m.people.value = m.tiles.value.map(person);
  },
  muted: (f) => {
    const m = meeting(f, 3, { muted: true, video: "off" }, { muted: true }, { muted: true });
    m.mic.value = { ...m.mic.value, on: false };
    m.camera.value = { ...m.camera.value, on: false };
  },
  speaking: (f) => void meeting(f, 3, { speaking: true }, { speaking: true }, {}),
  share: (f) => {
    const m = meeting(f, 5, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
  },
  "share-25": (f) => {
    const m = meeting(f, 25, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
  },
  sharing: (f) => {
    meeting(f, 3).sharing.value = true;
  },
  reconnecting: (f) => {
    const m = meeting(f, 4, {}, { away: true });
    m.connection.value = "reconnecting";
    m.security.value = { ...sealed, seal: "Reconnecting", sealed: false };
  },
  hands: (f) => {
    const m = meeting(
      f,
      9,
      { hand: 2, reaction: "heart" },
      { hand: 1, speaking: true },
      { reaction: "applause" },
      { reaction: "thumb", muted: true },
      { reaction: "laugh" },
      { reaction: "surprise" },
      { hand: 3, reaction: "party" },
    );
    m.signs.raised.value = true;
    m.signs.hands.value = 3;
    m.panel.value = "people";
  },
  "hands-25": (f) => {
    const m = meeting(f, 25, {}, { hand: 1 }, { reaction: "applause", hand: 2 }, {}, { hand: 3 });
    m.signs.hands.value = 3;
  },
  more: (f) => {
    meeting(f, 4, ...lively);
    press("More");
  },
  settings: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Settings");
  },
  "muted-hint": (f) => {
    const m = meeting(f, 4, { muted: true });
    m.mic.value = { ...m.mic.value, on: false };
    m.settings.mutedHint.value = true;
  },
  keyboard: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Keyboard");
  },
  invite: (f) => {
    meeting(f, 4, ...lively).panel.value = "people";
    press("Code and calendar");
  },
  german: (f) => {
    void speak("de");
    const m = meeting(f, 9, { hand: 1 }, ...lively);
    m.panel.value = "security";
  },
  "german-landing": () => void speak("de"),
  "french-check": (f) => {
    void speak("fr");
    check(f);
  },
  "spanish-settings": (f) => {
    void speak("es");
    meeting(f, 4, ...lively);
    press("Más", "Ajustes");
  },
  "german-lobby": (f) => {
    void speak("de");
    const m = meeting(f, 4, ...lively);
    const waiting = [waits(4), { ...waits(3), warning: newDevice }];
    m.door.access.value = { moderates: true, lobby: true, locked: false, waiting };
    m.panel.value = "people";
  },
  recording: (f) => {
    const m = meeting(f, 4, ...lively);
    m.recording.by.value = new Set(["s0", "s1"]);
    m.panel.value = "people";
  },
  "recording-own": (f) => {
    const m = meeting(f, 4, ...lively);
    m.recording.state.value = "on";
    m.recording.by.value = new Set(["me"]);
  },
  record: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Record…");
  },
  statistics: (f) => {
    const m = meeting(f, 4, ...lively);
    const stream = { seat: -1, layer: "", codec: "VP8", width: 1280, height: 720, rate: 30 };
    const quality = { bits: 1_612_000, lost: 0.004, jitter: 6, roundTrip: 31, name: "" };
    m.statistics.rows.value = [
      { id: "1", source: "camera", ...stream, ...quality, layer: "f" },
      { id: "2", source: "camera", ...stream, ...quality, layer: "h", width: 640, height: 360 },
      { id: "3", source: "mic", ...stream, ...quality, codec: "opus", width: 0, bits: 41_000 },
      { id: "4", source: "camera", ...stream, ...quality, seat: 0, name: "Legal desk" },
      {
        id: "5",
        source: "mic",
        ...stream,
        ...quality,
        codec: "opus",
        width: 0,
        seat: 9,
        name: names[5] ?? "",
      },
    ];
    m.statistics.counters.value = {
      sealed: { mic: 8_120, camera: 14_300, screen: 0, "screen-audio": 0 },
      unsealed: { mic: 2, camera: 1, screen: 0, "screen-audio": 0 },
      opened: 68_214,
      dropped: {
        noKey: 12,
        wrongOwner: 0,
        withheld: 0,
        badTag: 0,
        replay: 0,
        malformed: 0,
        empty: 3,
      },
      sealMicros: 41,
      openMicros: 38,
    };
    press("More", "Statistics");
  },
  "another-version": (f) => {
    f.version.offered.value = "90c71b02".repeat(8);
  },
  "broken-version": (f) => {
    f.version.broken.value = true;
  },
  "kept-recordings": (f) => {
    f.screen.value = "left";
    const at = Date.UTC(2026, 8, 2, 9, 30);
    f.kept.list.value = [
      { name: "a", size: 184_000_000, at, sealed: true },
      { name: "b", size: 12_400_000, at: at - 86_400_000, sealed: false },
    ];
  },
  "settings-background": (f) => {
    const m = meeting(f, 3);
    m.settings.background.value = "picture";
    m.settings.noise.value = true;
    m.settings.backgroundState.value = "Loading…";
    press("More", "Settings");
  },
  "camera-unhidden": (f) => {
    const m = meeting(f, 3, { video: "off" });
    const text =
      "This device is too slow for it, or the browser lacks what it needs. Your camera is off, so that nobody sees more than you want.";
    const unhidden = problem("background", "Your background can't be hidden here", text);
    const action = { label: "Show my background", run };
    m.camera.value = { ...m.camera.value, on: false, problem: { ...unhidden, action } };
    press("Choose camera");
  },
  "from-the-right": (f) => {
    document.documentElement.dir = "rtl";
    const m = meeting(f, 9, { hand: 1, muted: true }, ...lively);
    talk(m);
    m.panel.value = "chat";
  },
  reactions: (f) => {
    meeting(f, 4, ...lively);
    press("Reactions");
  },
  person: (f) => {
    const m = meeting(f, 4, ...lively);
    m.panel.value = "people";
    m.volumes.value = new Map([["s0", 0.4]]);
    press("Menu of Legal desk");
  },
  "meeting-49": (f) => void meeting(f, 49, ...lively),
  "meeting-60": (f) => {
    meeting(f, 60, ...lively).layout.page.value = 1;
  },
  "speaker-2": (f) => {
    meeting(f, 2, ...lively).layout.mode.value = "speaker";
  },
  "speaker-9": (f) => {
    const m = meeting(f, 9, ...lively);
    m.layout.setMode("speaker");
    m.layout.pin("s1 camera");
  },
  "own-hidden": (f) => {
    meeting(f, 5, ...lively).layout.hideOwn(true);
  },
  "audio-only": (f) => {
    const m = meeting(f, 6, {}, ...Array.from({ length: 5 }, () => ({ video: "off" }) as const));
    m.layout.setAudioOnly(true);
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
  "host-person": (f) => {
    hosted(f).panel.value = "people";
    press("Menu of Legal desk");
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
  "muted-by-host": (f) => {
    const m = meeting(f, 4, { muted: true }, ...lively);
    m.mic.value = { ...m.mic.value, on: false };
    m.host.barred.value = { ...nothing, mic: true, chat: true };
    const text = "The host has muted you. You can speak again when the host lets you.";
    m.notices.value = [{ id: 1, text, kind: "warn" }];
    m.panel.value = "chat";
  },
  listener: (f) => {
    const m = meeting(f, 4, { muted: true, video: "off" }, ...lively);
    m.mic.value = { ...m.mic.value, on: false };
    m.camera.value = { ...m.camera.value, on: false };
    m.host.barred.value = { mic: true, camera: true, screen: true, chat: false };
    const text = "You are a listener now: you see and hear the meeting, and send nothing.";
    m.notices.value = [{ id: 1, text, kind: "warn" }];
  },
  "ended-by-host": (f) => {
    stop(f, { ...hostEnded, action: { label: "Join again", run } });
  },
  "lobby-guest": (f) => {
    const m = meeting(f, 3, ...lively);
    m.door.access.value = { moderates: false, lobby: true, locked: false, waiting: [] };
    m.panel.value = "people";
  },
  "outside-lobby": (f) => {
    const m = meeting(f, 1);
    m.security.value = { ...sealed, seal: "Waiting for keys", sealed: false, code: [] };
    m.door.outside.value = "somebody";
  },
  "outside-sent": (f) => {
    const m = meeting(f, 1);
    m.security.value = { ...sealed, seal: "Waiting for keys", sealed: false, code: [] };
    m.door.outside.value = "sent";
  },
  "outside-host": (f) => {
    const m = meeting(f, 1);
    m.security.value = { ...sealed, seal: "Waiting for keys", sealed: false, code: [] };
    m.door.outside.value = "host";
  },
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
  "chat-empty": (f) => {
    meeting(f, 2).panel.value = "chat";
  },
  security: (f) => {
    meeting(f, 4, ...lively).panel.value = "security";
  },
  "security-verified": (f) => {
    const m = meeting(f, 4, ...lively);
    m.verify(true);
    m.panel.value = "security";
  },
  "apart-banner": (f) => {
    const m = meeting(f, 6, ...lively);
    m.security.value = { ...sealed, apart: ["Ben", "Cleo"] };
  },
  "security-apart": (f) => {
    const m = meeting(f, 6, ...lively);
    m.security.value = { ...sealed, apart: ["Ben", "Cleo"] };
    m.panel.value = "security";
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
  "security-waiting": (f) => {
    const m = meeting(f, 1);
    m.security.value = { ...sealed, seal: "Waiting for keys", sealed: false, code: [] };
    m.panel.value = "security";
  },
  notices: (f) => {
    const m = meeting(f, 4, ...lively);
    m.unread.value = 3;
    m.notices.value = [
      { id: 1, text: "Field office joined", kind: "info" },
      {
        id: 2,
        text: "Pictures and sound do not get through. Your network may block them; this page keeps trying.",
        kind: "warn",
      },
      {
        id: 3,
        text: "Your browser does not play sound yet",
        kind: "warn",
        action: { label: "Play sound", run },
      },
    ];
  },
  left: (f) => {
    f.screen.value = "left";
  },
  "stopped-link": (f) =>
    stop(
      f,
      problem(
        "link",
        "This link does not work",
        "It was cut short: its end is missing. Ask for the whole link.",
      ),
    ),
  "stopped-browser": (f) =>
    stop(
      f,
      problem(
        "browser",
        "This browser can't seal a meeting",
        "It can't encrypt pictures and sound before they leave. Use a current Firefox, Chrome, Edge or Safari.",
      ),
    ),
  "stopped-server-gone": (f) =>
    stop(f, {
      ...problem(
        "server-gone",
        "The server does not answer",
        "Check your connection, then try again.",
      ),
      action: again,
    }),
  "stopped-card": (f) =>
    stop(
      f,
      problem(
        "card",
        "This server can't be trusted with this meeting",
        "What it says about the meeting was not made by the one who made the link. Tell the person who invited you.",
      ),
    ),
  removed: (f) =>
    stop(f, {
      ...problem(
        "removed",
        "The host removed you from the meeting",
        "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.",
      ),
      action: { label: "Join again", run },
    }),
  full: (f) =>
    stop(f, {
      ...problem("full", "This meeting is full", "Ask somebody to leave, or wait and try again."),
      action: { label: "Join again", run },
    }),
};

const fake = makeFake();
const asked = new URLSearchParams(location.search);
const wanted = asked.get("state") ?? "";
if (asked.get("dir") === "rtl") document.documentElement.dir = "rtl";
document.documentElement.dataset.states = Object.keys(states).join(" ");
const root = document.getElementById("app");
const set = states[wanted];
if (root && set) {
  set(fake);
  render(<App model={fake} />, root);
  void pressAll();
} else if (root) {
  render(
    <ul class="end">
      {Object.keys(states).map((s) => (
        <li key={s}>
          <a href={`?state=${s}`}>{s}</a>
        </li>
      ))}
    </ul>,
    root,
  );
}
