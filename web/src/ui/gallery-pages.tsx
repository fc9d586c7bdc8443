/** Pages apart from the client for the gallery: the connection test, the operators' page, the small window. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { type AdminModel, type Audit, lockedOut, type Pass, type Room } from "../call/admin";
import type { Problem } from "../call/model";
import { type Found, judge, type State } from "../call/probe";
import { AdminPage } from "./admin";
import { makeFake } from "./gallery-model";
import { lively, meeting, press } from "./gallery-parts";
import { Picture } from "./pip";
import { ProbePage } from "./probe";
import { wear } from "./wear";

const all = (state: State): Found => ({
  page: state,
  socket: state,
  udp: state,
  tcp: state,
  "relay-udp": state,
  "relay-tcp": state,
  "relay-tls": state,
});

const state =
  (found: Found, over = true) =>
  (): JSX.Element => (
    <ProbePage
      model={{
        host: "meet.example.org",
        port: "443",
        found: signal(found),
        verdict: signal(over ? judge(found) : null),
        run: () => {},
        save: () => {},
      }}
    />
  );

const at = Date.UTC(2026, 10, 24, 14, 5);
const HOUR = 3_600_000;

const rooms: Room[] = [
  { id: "k3j2vq7mzp4w6ta2xhd5ncbe3y", people: 4, since: at - HOUR },
  { id: "a7wmo2qd6rzk4pxt3vhc5jnbey", people: 1, since: at - 26 * HOUR },
];
const pass = { created: at, expires: at + 168 * HOUR, uses: null, revoked: false };
const passes: Pass[] = [
  { ...pass, id: "1", kind: "invite", note: "for the newsroom", uses: 3 },
  { ...pass, id: "2", kind: "invite", note: "" },
  { ...pass, id: "3", kind: "admin", note: "" },
  { ...pass, id: "4", kind: "admin-link", note: "" },
  { ...pass, id: "5", kind: "signed-in", note: "" },
  { ...pass, id: "6", kind: "token", note: "calendar of the secretariat, renewed each spring" },
];
const audit: Audit = {
  lines: [
    { seq: 4, at, event: "room made", subject: "k3j2vq" },
    { seq: 3, at: at - HOUR, event: "room ended", subject: "x9qr4k" },
    { seq: 2, at: at - 2 * HOUR, event: "invite made", subject: "8f02d1" },
    { seq: 1, at: at - 30 * HOUR, event: "server started", subject: "" },
  ],
  altered: "",
};

const operators =
  (part: {
    rooms?: Room[] | null;
    passes?: Pass[];
    audit?: Audit;
    problem?: Problem;
    told?: string;
    made?: string;
  }) =>
  (): JSX.Element => {
    const model: AdminModel = {
      rooms: signal(part.rooms === undefined ? rooms : part.rooms),
      passes: signal(part.passes ?? passes),
      audit: signal(part.audit ?? audit),
      problem: signal(part.problem ?? null),
      told: signal(part.told ?? ""),
      made: signal(part.made ?? ""),
      endRoom: () => {},
      invite: () => {},
      revoke: () => {},
      copy: () => {},
    };
    return <AdminPage model={model} />;
  };

const DOCK = 56; // px
/** The window is as large as this one. */
const picture = (video: "on" | "off", speaking: boolean) => (): JSX.Element => {
  const m = meeting(makeFake(), 2, {}, { ...lively[1], video, speaking, muted: !speaking });
  void wear();
  return (
    <main class="app">
      <h1 class="hidden">Small window</h1>
      <Picture model={m} size={{ width: innerWidth, height: innerHeight - DOCK }} />
    </main>
  );
};

export const pages: Record<string, () => JSX.Element> = {
  picture: picture("on", true),
  "picture-off": picture("off", false),
  operators: operators({}),
  "operators-none": operators({ rooms: [], passes: [], audit: { lines: [], altered: "" } }),
  "operators-invited": operators({
    told: "The invite is made. Its link is shown once.",
    made: `https://meet.example.org/#invite=${"x9Qr".repeat(10)}`,
  }),
  "operators-end": () => {
    press("End meeting k3j2vq");
    return operators({ audit: { ...audit, altered: "line 3 was taken out" } })();
  },
  "operators-locked": operators({
    rooms: null,
    problem: { ...lockedOut, action: { label: "Sign in", run: () => {} } },
  }),

  "probe-running": state(
    { ...all("waits"), page: "open", socket: "open", udp: "trying", tcp: "trying" },
    false,
  ),
  "probe-good": state(all("open")),
  "probe-detour": state({ ...all("open"), udp: "shut", "relay-udp": "shut" }),
  "probe-relay": state({ ...all("open"), udp: "shut", tcp: "shut" }),
  "probe-blocked": state({
    ...all("absent"),
    page: "open",
    socket: "open",
    udp: "shut",
    tcp: "shut",
  }),
};
