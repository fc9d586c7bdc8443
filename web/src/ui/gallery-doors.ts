/** The screens before and after a meeting. */
import { explain } from "../call/app";
import { loadBrand } from "../call/brand";
import { linkProblem, readPasted } from "../call/invite";
import type { Problem } from "../call/model";
import { welcomeOf } from "../call/pass";
import {
  hostEnded,
  isEnded,
  isFull,
  isOver,
  isOwn,
  isRefused,
  isRemoved,
  linkChanged,
  timeIsOver,
  unfits,
  unreached,
  youEnded,
} from "../call/problems";
import { speak } from "../call/words";
import { parseLink } from "../e2ee/link";
import { problemOf } from "../media/devices";
import { Refusal } from "../wire/http";
import type { Code } from "../wire/wire.gen";
import { face } from "./gallery-faces";
import { type Fake, speakers } from "./gallery-model";
import { press, problem, run, type States } from "./gallery-parts";

const again = { label: "Try again", run };
const joinAgain = { label: "Join again", run };
const openAgain = { label: "Open it again", run };
const server = (code: Code | "unreachable"): Problem => explain(new Refusal(code, ""));
const failed = (kind: "camera" | "mic", name: string, agent = "", message = ""): Problem => ({
  ...problemOf(kind, { name, message }, agent),
  action: again,
});
/** Off, and there is none to choose. */
const none = (...why: Parameters<typeof failed>) => ({
  on: false,
  devices: [],
  chosen: "",
  problem: failed(...why),
});
/** Whom it is denied to in that browser. */
const denied =
  (...why: [agent: string, message?: string]): States[string] =>
  (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = none("camera", "NotAllowedError", ...why);
    c.mic.value = none("mic", "NotAllowedError", ...why);
  };

const check = (f: Fake): Fake["check"] => {
  f.screen.value = "check";
  f.check.preview.value = face(2);
  f.check.speaker.value = speakers;
  return f.check;
};
const stopped =
  (p: Problem): ((f: Fake) => void) =>
  (f) => {
    f.screen.value = "stopped";
    f.stopped.value = p;
  };
/** What is wrong with a link. */
const wrong = (read: ReturnType<typeof parseLink>): Problem =>
  linkProblem("problem" in read ? read.problem : "");
const room = `/r/${"k3j2".repeat(6)}aa`;

const kept: Fake["kept"]["list"]["value"] = [
  { name: "a", size: 184_000_000, at: Date.UTC(2026, 8, 2, 9, 30), sealed: true },
  { name: "b", size: 12_400_000, at: Date.UTC(2026, 8, 1, 9, 30), sealed: false },
];

const branded = (): Promise<void> =>
  loadBrand(async () => JSON.stringify({ name: "Vandenberghe & Oyelaran, attorneys" }));

export const doors: States = {
  landing: run,
  "landing-problem": (f) => {
    f.landing.problem.value = wrong(readPasted(`https://meet.example.net${room}`, ""));
  },
  "landing-busy": (f) => {
    f.landing.busy.value = true;
  },
  "landing-options": () => press("More security options"),
  "landing-invited": (f) => {
    f.landing.welcome.value = welcomeOf("invite");
  },
  "landing-operator": (f) => {
    f.landing.welcome.value = welcomeOf("admin");
    f.landing.operator.value = true;
  },
  "landing-branded": () => void branded(),
  "check-branded": (f) => {
    void branded();
    check(f);
  },
  "landing-uninvited": (f) => {
    f.landing.problem.value = server("invite");
  },
  "landing-sign-in": (f) => {
    f.landing.problem.value = { ...server("sign-in"), action: { label: "Sign in", run } };
  },
  "landing-recordings": (f) => {
    f.kept.list.value = kept;
  },
  check: (f) => void check(f),
  "check-denied": (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = none("camera", "NotAllowedError");
  },
  "check-denied-chromium": denied("Chrome/156.0 Safari/537.36"),
  "check-denied-firefox": denied("Firefox/153.0"),
  "check-denied-safari": denied("Version/18.1 Safari/605.1"),
  "check-denied-system": denied("Chrome/156.0", "Permission denied by system"),
  "check-nodevice": (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = none("camera", "NotFoundError");
    c.mic.value = none("mic", "NotFoundError");
  },
  "check-busy": (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = {
      ...c.camera.value,
      on: false,
      problem: failed("camera", "NotReadableError"),
    };
  },
  "check-off": (f) => {
    const c = check(f);
    c.preview.value = null;
    c.camera.value = { ...c.camera.value, on: false };
    c.mic.value = { ...c.mic.value, on: false };
    c.people.value = 1;
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
  "check-unanswered": (f) => {
    const c = check(f);
    c.joining.value = true;
    c.canJoin.value = false;
    c.problem.value = unreached;
  },
  "german-landing": () => void speak("de"),
  "french-check": (f) => {
    void speak("fr");
    check(f);
  },
  "another-version": (f) => {
    f.version.offered.value = "90c71b02".repeat(8);
  },
  "another-version-taken": (f) => {
    f.version.offered.value = "90c71b02".repeat(8);
    f.version.taking.value = true;
    f.screen.value = "left";
  },
  "broken-version": (f) => {
    f.version.broken.value = true;
  },
  "kept-recordings": (f) => {
    f.screen.value = "left";
    f.kept.list.value = kept;
  },
  left: (f) => {
    f.screen.value = "left";
  },
  "stopped-link": stopped(wrong(parseLink(room, "#1.x9Qr"))),
  "stopped-unknown": stopped(server("refused")),
  "stopped-insecure": stopped(unfits.insecure),
  "stopped-browser": stopped(unfits.transforms),
  "stopped-ciphers": stopped(unfits.ciphers),
  "stopped-worker": stopped({ ...explain(null), action: again }),
  "stopped-rate": stopped({ ...server("rate"), action: again }),
  "stopped-server-full": stopped({ ...server("full"), action: again }),
  "stopped-server-gone": stopped({ ...server("unreachable"), action: again }),
  "stopped-card": stopped(
    problem(
      "card",
      "This server can't be trusted with this meeting",
      "This server's record of the meeting is damaged or forged.",
    ),
  ),
  "stopped-over": stopped({ ...isOver, action: joinAgain }),
  "own-meeting-over": stopped({ ...isOwn, action: openAgain }),
  "time-over": stopped({ ...timeIsOver, action: joinAgain }),
  "ended-by-host": stopped({ ...hostEnded, action: joinAgain }),
  "ended-by-us": stopped({ ...youEnded, action: openAgain }),
  "ended-by-operator": stopped(isEnded),
  refused: stopped({
    ...isRefused,
    said: "Today is for the board only. Your turn is tomorrow at ten, by the same link.",
    action: joinAgain,
  }),
  relinked: stopped(linkChanged),
  removed: stopped({ ...isRemoved, action: joinAgain }),
  full: stopped({ ...isFull, action: joinAgain }),
};
