/** The states of the gallery, by name. */

import { explain } from "../../call/app";
import { linkProblem } from "../../call/invite";
import type { Problem } from "../../call/model";
import { problemOf } from "../../media/devices";
import { Refusal } from "../../wire/http";
import type { State } from "./fake";
import { figures } from "./people";

const again = { label: "Try again", run: () => {} };
const denied = new DOMException("", "NotAllowedError");
const notFound = new DOMException("", "NotFoundError");

const landing: Record<string, State> = {
  landing: { screen: "landing" },
  "landing-busy": { screen: "landing", busy: true },
  "landing-problem": {
    screen: "landing",
    problem: linkProblem(
      "It is cut short: a part of its secret is missing. Copy the whole link, to its last letter.",
    ),
  },
  "landing-gone": { screen: "landing", problem: explain(new Refusal("unreachable", "")) },
};

const none = { on: false, devices: [], chosen: "" };

const check: Record<string, State> = {
  check: { screen: "check" },
  "check-denied": {
    screen: "check",
    camera: { ...none, problem: { ...problemOf("camera", denied), action: again } },
    mic: { ...none, problem: { ...problemOf("mic", denied), action: again } },
  },
  "check-nodevice": {
    screen: "check",
    camera: { ...none, problem: { ...problemOf("camera", notFound), action: again } },
  },
  "check-noname": {
    screen: "check",
    name: "",
    nameHint: "Tell the others who you are.",
    title: "",
  },
  "check-long": {
    screen: "check",
    title: "Extraordinary general assembly on the reorganisation of the wa",
    name: "Dr. Maria-Theresa von Hohenstein-Schwarzenberg",
  },
  "check-joining": { screen: "check", joining: true },
};

const meetings: Record<string, State> = {
  "meeting-1": { people: figures(1) },
  "meeting-2": { people: figures(2, { 1: { speaking: true } }) },
  "meeting-4": { people: figures(4, { 1: { speaking: true }, 2: { mic: false } }) },
  "meeting-9": {
    people: figures(9, { 4: { speaking: true }, 7: { camera: false, video: "off" } }),
  },
  "meeting-25": {
    people: figures(25, {
      3: { speaking: true },
      8: { camera: false, video: "off" },
      11: { mic: false },
      17: { video: "waiting" },
    }),
    hidden: 12,
  },
  long: {
    title: "Extraordinary general assembly on the reorganisation of the wa",
    people: figures(4, {
      1: { name: "Dr. Maria-Theresa von Hohenstein-Schwarzenberg", mic: false },
      2: { name: "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww" },
    }),
  },
  waiting: {
    people: figures(4, {
      1: { video: "waiting" },
      2: { video: "waiting" },
      3: { video: "waiting" },
    }),
    member: false,
    connection: "connecting",
  },
  "waiting-one": { people: figures(4, { 3: { video: "waiting" } }) },
  muted: { people: figures(3, { 0: { mic: false } }), mic: { on: false } },
  "camera-off": {
    people: figures(3, { 0: { camera: false, video: "off" }, 2: { camera: false, video: "off" } }),
    camera: { on: false },
  },
  speaking: { people: figures(3, { 0: { speaking: true }, 2: { speaking: true } }) },
  share: { people: figures(6, { 1: { screen: true, speaking: true } }) },
  sharing: { people: figures(3, { 0: { screen: true } }), sharing: true },
  reconnecting: { connection: "reconnecting", people: figures(4, { 2: { away: true } }) },
};

const panels: Record<string, State> = {
  people: {
    panel: "people",
    people: figures(9, {
      1: { speaking: true, screen: true },
      2: { mic: false },
      3: { away: true, mic: false, camera: false, video: "off" },
      4: { note: "another tab of yours" },
    }),
  },
  chat: { panel: "chat", chat: true },
  "chat-empty": { panel: "chat" },
  security: { panel: "security", people: figures(4, { 1: { speaking: true } }) },
  "security-waiting": {
    panel: "security",
    member: false,
    people: figures(2, { 1: { video: "waiting" } }),
  },
  unread: { unread: 3, chat: true },
  notices: {
    notices: [
      { id: 1, kind: "info", text: "Legal desk joined." },
      {
        id: 2,
        kind: "warn",
        text: "The browser does not play sound before you press something.",
        action: { label: "Play sound", run: () => {} },
      },
      { id: 3, kind: "info", text: "The link is copied. Send it by a way you trust." },
    ],
  },
};

const stop = (stopped: Problem): State => ({ screen: "stopped", stopped });

const ends: Record<string, State> = {
  left: { screen: "left" },
  "stopped-link": stop(
    linkProblem("Its secret is missing. Ask for the whole link, with everything after the #."),
  ),
  "stopped-browser": stop({
    code: "browser",
    title: "This browser can't take part",
    text: "It can't encrypt pictures and sound by itself, and Incamera has no other way. Use Firefox 117, Chrome or Edge 141, Safari 15.4, or newer.",
  }),
  "stopped-server-gone": stop({ ...explain(new Refusal("unreachable", "")), action: again }),
  "stopped-card": stop({
    code: "card",
    title: "This is not the meeting of the link",
    text: "What the server says about the meeting was not made by whoever made the link. Ask for a new link, by another way.",
  }),
  "stopped-refused": stop(explain(new Refusal("refused", ""))),
  "stopped-full": stop({
    code: "full",
    title: "This meeting is full",
    text: "Ask somebody to leave, or wait and try again.",
    action: again,
  }),
};

export const states: Record<string, State> = {
  ...landing,
  ...check,
  ...meetings,
  ...panels,
  ...ends,
};
