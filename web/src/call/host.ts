/** What a host decides in a meeting beside who gets in, and how this page obeys what a host decides (PROTOCOL.md 2.7, 2.8). */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import {
  ACT,
  type AppPayload,
  type MeetingRules,
  type Member,
  type RuleChange,
} from "../e2ee/protocol";
import { barredOf, isListener, LISTENING } from "./barred";
import type { LocalMedia } from "./local";
import type { Act, Barred, HostModel, Role } from "./model";
import type { Notices } from "./notices";
import type { ScreenShare } from "./share";
import type { Timers } from "./timers";
import { t } from "./words";

type Mute = AppPayload & { kind: "mute" };

const OPEN: MeetingRules = {
  lobby: false,
  locked: false,
  withheld: 0,
  full: 0,
  locks: 0,
  ends: 0,
  hostless: 0,
  keep: 0,
};
/** Timers of browsers go no further. */
const FARTHEST = 2 ** 31 - 1;
/** When people are told that the meeting is about to end. */
const WARNED_BEFORE = 5 * 60_000;

/** Nothing here switches anything on: there is no message for that, and what is given back stays off. */
export class Host implements HostModel {
  private readonly told = signal<{ rules: MeetingRules; moderates: boolean; host: boolean }>({
    rules: OPEN,
    moderates: false,
    host: false,
  });
  readonly rules: ReadonlySignal<MeetingRules> = computed(() => this.told.value.rules);
  readonly moderates: ReadonlySignal<boolean> = computed(() => this.told.value.moderates);
  readonly isHost: ReadonlySignal<boolean> = computed(() => this.told.value.host);
  readonly barred: ReadonlySignal<Barred> = computed(() => {
    return barredOf([...this.members.value.values()].find((m) => m.self)?.withheld ?? 0);
  });
  private before = barredOf(0);

  constructor(
    private readonly client: CryptoClient,
    private readonly timers: Timers,
    private readonly now: () => number,
    private readonly members: ReadonlySignal<ReadonlyMap<string, Member>>,
    private readonly local: LocalMedia,
    private readonly share: ScreenShare,
    private readonly notices: Notices,
  ) {}

  /** Follows the worker; returns what ends that. */
  listen(): () => void {
    const offs = [
      this.client.on("access", ({ rules, moderates, host }) => {
        this.told.value = { rules, moderates, host };
        this.clocks();
      }),
      this.client.on("phase", (m) => {
        if (m.phase !== "member") this.told.value = { rules: OPEN, moderates: false, host: false };
      }),
      this.barred.subscribe((b) => this.obey(b)),
    ];
    return () => {
      for (const off of offs) off();
      this.local.mic.forbid(false);
      this.local.camera.forbid(false);
    };
  }

  /** What is withheld is off at once, and cannot be switched on. What is given back stays off. */
  private obey(now: Barred): void {
    const { before } = this;
    this.before = now;
    const wasOn = {
      mic: this.local.mic.choice.value.on,
      camera: this.local.camera.choice.value.on,
    };
    this.local.mic.forbid(now.mic);
    this.local.camera.forbid(now.camera);
    this.share.forbid(now.screen);
    if (now.mic && !before.mic)
      this.notices.add(
        now.camera && !before.camera
          ? t("You are a listener now: you see and hear the meeting, and send nothing.")
          : t("The host has muted you. You can speak again when the host lets you."),
        "warn",
      );
    else if (now.camera && !before.camera && wasOn.camera)
      this.notices.add(t("The host has switched your camera off."), "warn");
    if (before.mic && !now.mic)
      this.notices.add(t("You may speak again. Your microphone is still off."));
    if (now.chat && !before.chat) this.notices.add(t("Only hosts write now."));
  }

  /** What a moderator asks for is done at once; one can switch it on again oneself. me: our session. */
  take(by: string, m: Mute, me: string): void {
    const forUs = m.session === me || (m.session === "" && !this.moderates.value);
    if (!forUs) return;
    const name = { name: by };
    if (m.source === "screen") {
      if (this.share.sharing.value)
        this.notices.add(t("{name} stopped your screen share.", name), "warn");
      this.share.stop();
      return;
    }
    const device = m.source === "mic" ? this.local.mic : this.local.camera;
    if (!device.choice.value.on) return;
    device.off();
    const text =
      m.source === "mic"
        ? t("{name} muted you. You can unmute yourself.", name)
        : t("{name} switched your camera off. You can switch it on again.", name);
    this.notices.add(text, "warn");
  }

  /** Locks the meeting when it is time, where we may, and warns of its end. */
  private clocks(): void {
    const { rules, moderates } = this.told.value;
    this.timers.stop("locks");
    this.timers.stop("ends");
    const locks = rules.locks - this.now();
    if (moderates && rules.locks > 0 && !rules.locked && locks < FARTHEST)
      this.timers.set("locks", Math.max(0, locks), () => this.rule({ locked: true, locks: 0 }));
    const ends = rules.ends - this.now();
    if (rules.ends > 0 && ends > 0 && ends < FARTHEST)
      this.timers.set("ends", Math.max(0, ends - WARNED_BEFORE), () =>
        this.notices.add(t("The meeting ends at {time}.", { time: clockTime(rules.ends) }), "warn"),
      );
  }

  rule(change: RuleChange): void {
    this.client.post({ type: "rules", change });
  }

  // What is posted says what is to change, not what is to be: of what was pressed a moment ago nothing is known here yet.

  /** Withholds an act from all who are no moderators, or gives it back. */
  withhold(act: Act, on: boolean): void {
    this.client.post({ type: "withhold", acts: ACT[act], on });
  }

  /** The same for one person. */
  withholdFrom(session: string, act: Act, on: boolean): void {
    this.except(session, ACT[act], on);
  }

  private except(session: string, acts: number, on: boolean): void {
    this.client.post({ type: "except", session, acts, on });
  }

  setRole(session: string, role: Role): void {
    const m = this.members.value.get(session);
    if (!m) return;
    if (m.role === "moderator" && role !== "moderator")
      this.client.post({ type: "appoint", session, on: false });
    if (role === "moderator") this.client.post({ type: "appoint", session, on: true });
    else if (role === "listener") this.except(session, LISTENING, true);
    else if (isListener(m.withheld)) this.except(session, LISTENING, false);
  }

  mute(session: string, source: Mute["source"]): void {
    this.client.post({ type: "say", payload: { kind: "mute", session, source } });
  }

  endForAll(): void {
    this.client.post({ type: "end" });
  }

  changeLink(): void {
    this.client.post({ type: "change_link" });
  }
}

const clockTime = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
