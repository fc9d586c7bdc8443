/** A view model in which everything is made up; what is pressed changes what is shown, and nothing else. */
import { computed, type Signal, signal } from "@preact/signals-core";
import type {
  AppModel,
  CheckModel,
  DeviceChoice,
  LandingModel,
  MeetingModel,
  Notice,
  Panel,
  Problem,
  Screen,
} from "../../call/model";
import { securityOf } from "../../call/security";
import { face } from "./faces";
import { conversation, type Figure, figures, tilesOf } from "./people";

/** What a state of the gallery says; the rest is as it is on a good day. */
export interface State {
  screen?: Screen;
  stopped?: Problem;
  problem?: Problem;
  busy?: boolean;
  title?: string;
  name?: string;
  nameHint?: string;
  joining?: boolean;
  camera?: Partial<DeviceChoice>;
  mic?: Partial<DeviceChoice>;
  people?: Figure[];
  hidden?: number;
  panel?: Panel;
  chat?: boolean;
  unread?: number;
  connection?: "connecting" | "connected" | "reconnecting";
  member?: boolean;
  notices?: Notice[];
  sharing?: boolean;
}

const cameras = [
  { id: "c1", label: "Integrated camera" },
  { id: "c2", label: "USB camera with a rather long name from its maker (046d:0825)" },
];
const mics = [
  { id: "m1", label: "Headset" },
  { id: "m2", label: "Built-in microphone" },
];

function choice(devices: DeviceChoice["devices"], change: Partial<DeviceChoice> = {}) {
  const chosen = devices[0]?.id ?? "";
  return signal<DeviceChoice>({ on: true, devices, chosen, problem: null, ...change });
}

const flip = (s: Signal<DeviceChoice>) => () => {
  s.value = { ...s.value, on: !s.value.on };
};
const choose = (s: Signal<DeviceChoice>) => (chosen: string) => {
  s.value = { ...s.value, chosen };
};

function landing(state: State, screen: Signal<Screen>): LandingModel {
  return {
    busy: signal(state.busy ?? false),
    problem: signal(state.problem ?? null),
    newMeeting: () => {
      screen.value = "check";
    },
    openLink: () => {
      screen.value = "check";
    },
  };
}

function check(state: State, screen: Signal<Screen>): CheckModel {
  const camera = choice(cameras, state.camera);
  const mic = choice(mics, state.mic);
  const name = signal(state.name ?? "Ada Lindqvist");
  return {
    title: signal(state.title ?? "Board, 3rd quarter"),
    people: signal(3),
    name,
    nameHint: signal(state.nameHint ?? ""),
    camera,
    mic,
    speaker: signal<DeviceChoice>({
      on: true,
      devices: [{ id: "s1", label: "Headset" }],
      chosen: "s1",
      problem: null,
    }),
    preview: computed(() => (camera.value.on ? face(0) : null)),
    level: signal(0.45),
    joining: signal(state.joining ?? false),
    canJoin: computed(() => name.value.trim() !== "" && !state.joining),
    problem: signal(state.problem ?? null),
    setName: (text) => {
      name.value = text;
    },
    toggleCamera: flip(camera),
    toggleMic: flip(mic),
    chooseCamera: choose(camera),
    chooseMic: choose(mic),
    chooseSpeaker: () => {},
    join: () => {
      screen.value = "meeting";
    },
  };
}

const code = ["48201", "77390", "15526", "09914", "63087", "20455"];

function meeting(state: State, screen: Signal<Screen>): MeetingModel {
  const people = signal(state.people ?? figures(4));
  const chat = signal(state.chat ? conversation(people.value) : []);
  const notices = signal(state.notices ?? []);
  const panel = signal<Panel>(state.panel ?? null);
  const sharing = signal(state.sharing ?? false);
  const camera = choice(cameras, state.camera);
  const mic = choice(mics, state.mic);
  const connection = signal(state.connection ?? "connected");
  const member = state.member ?? true;
  return {
    title: signal(state.title ?? "Board, 3rd quarter"),
    connection,
    tiles: signal(tilesOf(people.value)),
    hidden: signal(state.hidden ?? 0),
    people,
    chat,
    unread: signal(state.unread ?? 0),
    security: computed(() =>
      securityOf({
        connection: connection.value,
        member,
        code: member ? code : [],
        epoch: 7,
        codec: "video/VP8",
      }),
    ),
    panel,
    notices,
    mic,
    camera,
    sharing,
    canShare: signal(true),
    link: signal("https://meet.example.org/r/k3v9q2#1.EXAMPLE-NOT-A-SECRET-EXAMPLE-NOT-A-SECRET"),
    toggleMic: flip(mic),
    toggleCamera: flip(camera),
    toggleShare: () => {
      sharing.value = !sharing.value;
    },
    chooseMic: choose(mic),
    chooseCamera: choose(camera),
    openPanel: (wanted) => {
      panel.value = panel.value === wanted ? null : wanted;
    },
    sendChat: (text) => {
      const { session, name } = people.value[0]!;
      const id = String(chat.value.length);
      chat.value = [...chat.value, { id, session, name, self: true, text, at: Date.now() }];
      return true;
    },
    copyLink: () => {
      const id = Date.now();
      notices.value = [...notices.value, { id, text: "The link is copied.", kind: "info" }];
    },
    dismiss: (id) => {
      notices.value = notices.value.filter((n) => n.id !== id);
    },
    setTileSizes: () => {},
    leave: () => {
      screen.value = "left";
    },
  };
}

export function fakeApp(state: State): AppModel {
  const screen = signal<Screen>(state.screen ?? "meeting");
  const to = (wanted: Screen) => () => {
    screen.value = wanted;
  };
  return {
    screen,
    stopped: signal(state.stopped ?? null),
    landing: landing(state, screen),
    check: check(state, screen),
    meeting: meeting(state, screen),
    rejoin: to("check"),
    home: to("landing"),
  };
}
