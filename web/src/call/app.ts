/** The whole client as a view model: landing, device check, meeting, and what comes after. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { base64url, fromBase64url } from "../e2ee/bytes";
import type { CryptoClient } from "../e2ee/client";
import { validName } from "../e2ee/leaf";
import { formatLink, parseLink } from "../e2ee/link";
import { listDevices } from "../media/devices";
import type { VideoCodec } from "../media/publish";
import { Refusal } from "../wire/http";
import type { Env } from "./env";
import { LocalMedia } from "./local";
import { type Known, Meeting } from "./meeting";
import type { AppModel, CheckModel, DeviceChoice, LandingModel, MeetingModel, Problem, Screen } from "./model";

interface Remembered {
  secret: string;
  /** Set while in the meeting: a reload goes straight back in. */
  inside?: boolean;
}

const linkProblem = (text: string): Problem => ({ code: "link", title: "This link does not work", text });

class App implements AppModel {
  readonly screen: Signal<Screen> = signal("landing");
  readonly stopped: Signal<Problem | null> = signal(null);
  readonly landing: LandingModel;
  readonly check: CheckModel;
  private readonly busy = signal(false);
  private readonly landingProblem = signal<Problem | null>(null);
  private readonly title = signal("");
  private readonly people = signal<number | null>(null);
  private readonly name: Signal<string>;
  private readonly joining = signal(false);
  private readonly checkProblem = signal<Problem | null>(null);
  private readonly speaker = signal<DeviceChoice | null>(null);
  private local: LocalMedia;
  private client: CryptoClient | null = null;
  private known: Known | null = null;
  private current: Signal<Meeting | null> = signal(null);

  constructor(private readonly env: Env) {
    this.name = signal(env.browser.get("name") ?? "");
    this.local = new LocalMedia(env);
    this.landing = {
      busy: this.busy,
      problem: this.landingProblem,
      newMeeting: (title) => void this.newMeeting(title),
      openLink: (text) => this.openLink(text),
    };
    this.check = this.makeCheck();
    env.onLeavePage(() => this.current.value?.end(null));
    env.onOnline(() => this.current.value?.hurry());
    void this.begin();
  }

  get meeting(): MeetingModel {
    const m = this.current.value;
    if (!m) throw new Error("there is no meeting");
    return m;
  }

  private makeCheck(): CheckModel {
    const local = this.local;
    const preview = computed(() => (local.camera.track.value ? new MediaStream([local.camera.track.value]) : null));
    const clean = computed(() => this.name.value.trim().normalize("NFC"));
    return {
      title: this.title,
      people: this.people,
      name: this.name,
      nameHint: computed(() =>
        clean.value === "" ? "" : validName(clean.value) ? "" : "A name has at most 64 characters and no control characters.",
      ),
      camera: local.camera.choice,
      mic: local.mic.choice,
      speaker: this.speaker,
      preview,
      level: local.level,
      joining: this.joining,
      canJoin: computed(() => validName(clean.value) && !this.joining.value),
      problem: this.checkProblem,
      setName: (name) => {
        this.name.value = name;
      },
      toggleCamera: () => void local.camera.toggle(),
      toggleMic: () => void local.mic.toggle(),
      chooseCamera: (id) => void local.camera.choose(id),
      chooseMic: (id) => void local.mic.choose(id),
      chooseSpeaker: (id) => {
        if (this.speaker.value) this.speaker.value = { ...this.speaker.value, chosen: id };
      },
      join: () => this.join(clean.value),
    };
  }

  private async begin(): Promise<void> {
    const { path, fragment } = this.env.location();
    if (!path.startsWith("/r/")) return;
    const unfit = await this.env.unfit();
    if (unfit) return this.stop(unfit);
    const room = path.slice(3).replace(/\/$/, "");
    const remembered = this.remembered(room);
    const parsed = parseLink(path, fragment || (remembered ? `#1.${remembered.secret}` : ""));
    if (fragment) this.env.showPath(path + this.env.location().search); // the secret leaves the address bar at once
    if ("problem" in parsed) return this.stop(linkProblem(parsed.problem));
    await this.enterRoom(parsed.room, parsed.secret, !fragment && remembered?.inside === true);
  }

  private remembered(room: string): Remembered | null {
    const text = this.env.tab.get(`room:${room}`);
    if (!text) return null;
    const v: unknown = JSON.parse(text);
    const secret = (v as Remembered | null)?.secret;
    return typeof secret === "string" && fromBase64url(secret) ? (v as Remembered) : null;
  }

  private remember(room: string, secret: Uint8Array, inside: boolean): void {
    this.env.tab.set(`room:${room}`, JSON.stringify({ secret: base64url(secret), inside } satisfies Remembered));
  }

  private stop(problem: Problem): void {
    batch(() => {
      this.stopped.value = problem;
      this.screen.value = "stopped";
    });
  }

  private async newMeeting(title: string): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.landingProblem.value = null;
    try {
      const unfit = await this.env.unfit();
      if (unfit) {
        this.landingProblem.value = unfit;
        return;
      }
      const client = this.freshClient();
      const made = await client.create(title.trim().slice(0, 60));
      const { room, hostKey, tokenHash, card } = made;
      await this.env.http.createRoom({ room, hostKey, tokenHash, card });
      this.env.showPath(`/r/${room}`);
      await this.enterRoom(room, made.secret as Uint8Array<ArrayBuffer>, false);
    } catch (e) {
      this.landingProblem.value = this.explain(e);
    } finally {
      this.busy.value = false;
    }
  }

  private openLink(text: string): void {
    const link = text.trim();
    let url: URL;
    try {
      url = new URL(link, this.env.origin);
    } catch {
      this.landingProblem.value = linkProblem("This is not a link. Copy the whole invitation link and paste it here.");
      return;
    }
    const parsed = parseLink(url.pathname, url.hash);
    if ("problem" in parsed) {
      this.landingProblem.value = linkProblem(parsed.problem);
      return;
    }
    if (url.origin !== this.env.origin) {
      this.landingProblem.value = linkProblem(`This link belongs to another server. Open it in the browser's address bar: ${url.host}`);
      return;
    }
    this.env.showPath(url.pathname);
    void this.enterRoom(parsed.room, parsed.secret, false);
  }

  private explain(e: unknown): Problem {
    if (!(e instanceof Refusal)) {
      return { code: "worker", title: "The page's encryption does not start", text: "Reload the page. If that does not help, try another browser." };
    }
    switch (e.code) {
      case "unreachable":
      case "unavailable":
        return { code: "server-gone", title: "The server does not answer", text: "Check your connection, then try again." };
      case "rate":
        return { code: "rate", title: "Too many attempts", text: "Wait a minute, then try again." };
      case "full":
        return { code: "full", title: "The server is full", text: "Try again later." };
      default:
        return { code: "refused", title: "This meeting does not exist", text: "The link is wrong, or the meeting is over. Ask for a new link." };
    }
  }

  private freshClient(): CryptoClient {
    this.client?.terminate();
    this.client = this.env.makeClient();
    return this.client;
  }

  /** Looks at the room by its link, and goes on to the device check; back says that we were inside before a reload. */
  private async enterRoom(room: string, secret: Uint8Array<ArrayBuffer>, back: boolean): Promise<void> {
    const client = this.freshClient();
    try {
      const { token, tokenHash } = await client.open(room, secret);
      const looked = await this.lookPatiently(room, token, back);
      const card = await client.card(looked.card);
      this.known = {
        room,
        token,
        title: card.title,
        link: formatLink(this.env.origin, room, secret),
        create: { room, hostKey: card.hostKey, tokenHash, card: looked.card },
      };
      this.remember(room, secret, back);
      batch(() => {
        this.title.value = card.title;
        this.people.value = looked.people;
        this.checkProblem.value = null;
        this.screen.value = "check";
      });
    } catch (e) {
      if ((e as { code?: string } | null)?.code === "card") {
        return this.stop({ code: "card", title: "This server can't be trusted with this meeting", text: (e as Error).message });
      }
      const problem = this.explain(e);
      return this.stop(problem.code === "refused" ? problem : { ...problem, action: { label: "Try again", run: () => void this.retry(room, secret, back) } });
    }
    await this.startDevices();
    if (back && this.check.canJoin.value) this.check.join();
  }

  /** After a reload the server may be away for a moment: it is asked again. */
  private async lookPatiently(room: string, token: Uint8Array, patient: boolean): ReturnType<Env["http"]["look"]> {
    for (let i = 0; ; i++) {
      try {
        return await this.env.http.look(room, token);
      } catch (e) {
        if (!patient || i >= 5 || !(e instanceof Refusal) || e.code !== "unreachable") throw e;
        await new Promise<void>((resolve) => void this.env.after(1_000, resolve));
      }
    }
  }

  private async retry(room: string, secret: Uint8Array<ArrayBuffer>, back: boolean): Promise<void> {
    this.stopped.value = null;
    await this.enterRoom(room, secret, back);
  }

  private async startDevices(): Promise<void> {
    await this.local.start();
    const devices = this.env.devices;
    if (!devices || !("setSinkId" in HTMLMediaElement.prototype)) return;
    const speakers = await listDevices(devices, "speaker").catch(() => []);
    if (speakers.length > 1) this.speaker.value = { on: true, devices: speakers, chosen: "", problem: null };
  }

  private join(name: string): void {
    const { known, client } = this;
    if (!known || !client || !this.check.canJoin.value) return;
    this.joining.value = true;
    this.env.browser.set("name", name);
    const codec = new URLSearchParams(this.env.location().search).get("codec");
    const video: VideoCodec = codec === "vp9" || codec === "av1" || codec === "h264" ? codec : "vp8";
    const secret = fromBase64url(known.link.split("#1.")[1] ?? "") ?? new Uint8Array();
    const meeting = new Meeting(this.env, client, this.local, known, name, video, {
      entered: () => {
        this.remember(known.room, secret, true);
        batch(() => {
          this.joining.value = false;
          this.screen.value = "meeting";
        });
      },
      ended: (problem) => this.ended(problem, known.room, secret),
    });
    client.onCrash = () => meeting.end({ code: "worker", title: "The page's encryption stopped", text: "Reload the page to come back." });
    this.current.value = meeting;
    meeting.enter();
  }

  private ended(problem: Problem | null, room: string, secret: Uint8Array): void {
    this.client = null;
    if (this.env.location().path.startsWith("/r/")) this.rememberAfterEnd(problem, room, secret);
    batch(() => {
      this.joining.value = false;
      if (problem) this.stop({ ...problem, action: { label: "Try again", run: () => this.rejoin() } });
      else this.screen.value = "left";
      this.current.value = null;
    });
  }

  /** Leaving by the button ends it; the page going away (a reload) does not. */
  private rememberAfterEnd(problem: Problem | null, room: string, secret: Uint8Array): void {
    if (problem || this.leaving) this.remember(room, secret, false);
  }

  leaving = false;

  rejoin(): void {
    const { known } = this;
    const secret = known && fromBase64url(known.link.split("#1.")[1] ?? "");
    if (!known || !secret) return this.home();
    this.leaving = false;
    batch(() => {
      this.stopped.value = null;
      this.screen.value = "check";
    });
    void this.enterRoom(known.room, secret, false);
  }

  home(): void {
    this.local.stop();
    this.client?.terminate();
    this.client = null;
    this.env.showPath("/");
    batch(() => {
      this.stopped.value = null;
      this.landingProblem.value = null;
      this.screen.value = "landing";
    });
  }
}

export function createApp(env: Env): AppModel {
  return new App(env);
}
