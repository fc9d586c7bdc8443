/** The whole client as a view model: landing, device check, meeting, and what comes after. */
import { batch, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import { formatLink } from "../e2ee/link";
import { Refusal } from "../wire/http";
import type { Looked, VideoCodec } from "../wire/wire.gen";
import { Check } from "./check";
import type { Env } from "./env";
import { type Invitation, linkProblem, readPasted, remember, takeInvitation } from "./invite";
import { KeptRecordings } from "./keptrecordings";
import { LocalMedia } from "./local";
import type { Known, Leaving, Meeting } from "./meeting";
import type { AppModel, LandingModel, MeetingModel, Problem, Screen } from "./model";
import {
  adminPass,
  dropPass,
  heldPass,
  keepPass,
  type PassKind,
  signIn,
  takePass,
  takeRefusal,
  welcomeOf,
} from "./pass";
import { isEnded, isOwn, unreached } from "./problems";
import { Settings } from "./settings";
import { Version } from "./version";
import { firstLanguage, msg, speak } from "./words";

const MAX_TITLE = 60; // characters; 200 bytes in any script (PROTOCOL.md 2.2)
const LOOKS = 6; // attempts after a reload, a second apart: the server may be away for a moment

/** What to tell about a request that was not carried out. */
export function explain(e: unknown): Problem {
  if (!(e instanceof Refusal)) {
    const text = msg("Reload the page. If that does not help, try another browser.");
    return { code: "worker", title: "The page's encryption does not start", text };
  }
  switch (e.code) {
    case "unreachable":
    case "unavailable":
      return {
        code: "server-gone",
        title: "The server does not answer",
        text: "Check your connection, then try again.",
      };
    case "rate":
      return { code: "rate", title: "Too many attempts", text: "Wait a minute, then try again." };
    case "invite":
      return {
        code: "invite",
        title: "Making a meeting here needs an invite",
        text: "Ask who runs this server for an invite link, and open it in this browser. If you had one, it holds no longer. To join a meeting you need its link only.",
      };
    case "sign-in":
      return {
        code: "sign-in",
        title: "Making a meeting here needs signing in",
        text: "Or an invite link, which you get from who runs this server. To join a meeting you need its link only.",
      };
    case "full":
      return { code: "full", title: "The server is full", text: "Try again later." };
    default:
      return {
        code: "refused",
        title: "This meeting does not exist",
        text: "The link is wrong or was changed, or the meeting is over. Ask for a new link.",
      };
  }
}

/** ?codec=vp9, av1 or h264 sends video in that codec: a means to find faults, not a setting. */
export function codecOf(search: string): VideoCodec {
  const wanted = new URLSearchParams(search).get("codec");
  return wanted === "vp9" || wanted === "av1" || wanted === "h264" ? wanted : "vp8";
}

class App implements AppModel {
  private readonly shown = signal<Screen>("landing");
  private readonly problem = signal<Problem | null>(null);
  private readonly busy = signal(false);
  private readonly landingProblem = signal<Problem | null>(null);
  private readonly welcome = signal("");
  private readonly operator = signal(false);
  private readonly current = signal<Meeting | null>(null);
  readonly screen: ReadonlySignal<Screen> = this.shown;
  readonly stopped: ReadonlySignal<Problem | null> = this.problem;
  readonly landing: LandingModel;
  readonly check: Check;
  readonly version: Version;
  readonly kept: KeptRecordings;
  private readonly local: LocalMedia;
  private readonly settings: Settings;
  private client: CryptoClient | null = null;
  /** Null until it is loaded. */
  private code: typeof import("./meeting") | null = null;
  private place: Known | null = null;
  private visit = 0; // counts rooms that were looked at: a slow answer must not undo a later choice

  constructor(private readonly env: Env) {
    this.operator.value = adminPass(env) !== null;
    this.local = new LocalMedia(env);
    this.settings = new Settings(env, this.local);
    this.check = new Check(
      env,
      this.local,
      this.settings.mirror,
      (name) => this.join(name),
      (name) => this.client?.post({ type: "judge", name }),
    );
    this.landing = {
      busy: this.busy,
      problem: this.landingProblem,
      welcome: this.welcome,
      operator: this.operator,
      newMeeting: (title, postQuantum = false) => void this.newMeeting(title, postQuantum),
      openLink: (text) => this.openLink(text),
    };
    this.version = new Version(env);
    this.kept = new KeptRecordings(env);
    void speak(firstLanguage(env.browser, env.languages));
    env.onLeavePage(() => this.current.value?.end("page"));
    env.onOnline(() => this.current.value?.hurry());
    env.onFragment(() => this.readAddress());
    this.readAddress();
  }

  /** The meeting that is shown; after its end the last one, until there is another. */
  get meeting(): MeetingModel {
    const m = this.current.value;
    if (!m) throw new Error("call: internal error: there was no meeting yet");
    return m;
  }

  private show(screen: Screen, problem: Problem | null = null): void {
    batch(() => {
      this.problem.value = problem;
      this.landingProblem.value = null;
      this.shown.value = screen;
    });
  }

  // Ways in.

  /** Takes an invitation out of the address, when the page is loaded and when another is pasted there later. */
  private readAddress(): void {
    const pass = takePass(this.env);
    if (pass) void this.welcomeWith(pass.kind, pass.secret);
    const refusal = takeRefusal(this.env);
    if (refusal) this.landingProblem.value = refusal;
    const found = takeInvitation(this.env);
    if (!found || this.shown.value === "meeting" || this.check.joining.value) return;
    if ("problem" in found) this.show("stopped", found.problem);
    else void this.enterIfFit(found);
  }

  /** An invite is kept until a meeting is made; an admin link is used at once, for it holds once. */
  private async welcomeWith(kind: PassKind, secret: Uint8Array): Promise<void> {
    try {
      keepPass(this.env, kind, kind === "admin" ? await this.env.http.redeem(secret) : secret);
      this.welcome.value = welcomeOf(kind);
      this.operator.value = adminPass(this.env) !== null;
    } catch (e) {
      this.landingProblem.value = explain(e);
    }
  }

  /** Reports whether this browser can take part; otherwise it has been explained. */
  private async fit(): Promise<boolean> {
    const unfit = await this.env.unfit();
    if (unfit) this.show("stopped", unfit);
    return unfit === null;
  }

  private async enterIfFit(invitation: Invitation): Promise<void> {
    this.check.prepare();
    this.show("check");
    if (await this.fit()) await this.enterRoom(invitation);
  }

  private openLink(text: string): void {
    const link = readPasted(text, this.env.origin);
    if ("problem" in link) {
      this.landingProblem.value = linkProblem(link.problem);
      return;
    }
    this.env.showPath(`/r/${link.room}${this.env.location().search}`);
    void this.enterIfFit({ ...link, back: false });
  }

  private async newMeeting(title: string, postQuantum: boolean): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.landingProblem.value = null;
    try {
      if (!(await this.fit())) return;
      const short = [...title.trim()].slice(0, MAX_TITLE).join("");
      const made = await this.freshClient().create(short, postQuantum);
      const { room, hostKey, tokenHash, card, capacity } = made;
      const invite = heldPass(this.env);
      await this.env.http.createRoom({
        room,
        hostKey,
        tokenHash,
        card,
        ...(capacity ? { capacity } : {}),
        ...(invite ? { invite } : {}),
      });
      this.welcome.value = "";
      this.env.showPath(`/r/${room}${this.env.location().search}`);
      await this.enterRoom({ room, secret: new Uint8Array(made.secret), back: false });
    } catch (e) {
      const problem = explain(e);
      if (problem.code === "invite" || problem.code === "sign-in") dropPass(this.env);
      this.landingProblem.value =
        problem.code === "sign-in" ? { ...problem, action: signIn(this.env) } : problem;
    } finally {
      this.busy.value = false;
    }
  }

  /** Looks at the room, has its card verified, and goes on to the device check. */
  private async enterRoom(invitation: Invitation): Promise<void> {
    const visit = ++this.visit;
    this.check.prepare();
    this.show("check");
    this.load().catch(() => {}); // it is tried again when it is needed
    const { room, secret, back } = invitation;
    let people: number;
    const client = this.freshClient();
    try {
      const opened = await client.open(room, secret);
      const looked = await this.look(room, opened.token, back ? LOOKS : 1);
      const place = await this.placeOf(client, invitation, opened, looked);
      if (visit !== this.visit) return;
      people = looked.people;
      this.place = place;
    } catch (e) {
      const lost = e instanceof Refusal && e.code === "refused";
      const place = lost ? await this.ownPlace(client, invitation) : null;
      if (visit !== this.visit) return;
      if (place) this.show("stopped", { ...isOwn, action: this.opening(place) });
      else this.cannotEnter(e, invitation);
      return;
    }
    remember(this.env, room, secret, back);
    const ready = this.check.begin(this.place.title, people);
    // Who was inside before a reload needs no click, and nobody waits for a camera.
    if (back) this.check.join();
    await ready;
  }

  /** What is known of a room by its link and card. */
  private async placeOf(
    client: CryptoClient,
    { room, secret }: Invitation,
    { token, tokenHash }: { token: Uint8Array; tokenHash: Uint8Array },
    looked: Pick<Looked, "card" | "permit" | "number" | "relink">,
  ): Promise<Known> {
    const card = await client.card(looked.card);
    const create = {
      room,
      hostKey: card.hostKey,
      tokenHash,
      card: looked.card,
      ...(card.capacity ? { capacity: card.capacity } : {}),
      ...(looked.permit ? { permit: looked.permit } : {}),
      ...(looked.number && looked.relink ? { number: looked.number, relink: looked.relink } : {}),
    };
    const { title, postQuantum } = card;
    const link = formatLink(this.env.origin, room, secret);
    return { room, token, secret, create, title, postQuantum, link };
  }

  /** A room of ours that the server has no more; null for others. */
  private async ownPlace(client: CryptoClient, invitation: Invitation): Promise<Known | null> {
    try {
      const opened = await client.open(invitation.room, invitation.secret);
      const { open, card, order } = await client.reopen();
      const changed = order ? { number: order.number, relink: order.signature } : {};
      return open && card
        ? await this.placeOf(client, invitation, opened, { card, ...changed })
        : null;
    } catch {
      return null; // by another link than its latest, or not at all
    }
  }

  private opening(place: Known): { label: string; run: () => void } {
    return { label: msg("Open it again"), run: () => void this.reopen(place) };
  }

  private async look(
    room: string,
    token: Uint8Array,
    attempts: number,
  ): ReturnType<Env["http"]["look"]> {
    for (let left = attempts - 1; ; left--) {
      try {
        return await this.env.http.look(room, token);
      } catch (e) {
        if (left <= 0 || !(e instanceof Refusal) || e.code !== "unreachable") throw e;
        await new Promise<void>((resolve) => void this.env.after(1_000, resolve));
      }
    }
  }

  private cannotEnter(e: unknown, invitation: Invitation): void {
    if ((e as { code?: string } | null)?.code === "card") {
      const title = msg("This server can't be trusted with this meeting");
      this.show("stopped", { code: "card", title, text: (e as Error).message });
      return;
    }
    const problem = explain(e);
    const again = { label: "Try again", run: () => void this.enterRoom(invitation) };
    this.show("stopped", problem.code === "refused" ? problem : { ...problem, action: again });
  }

  private freshClient(): CryptoClient {
    this.client?.terminate();
    this.client = this.env.makeClient();
    this.client.on("misnamed", ({ name }) => this.check.refuse(name));
    return this.client;
  }

  // In and out of the meeting.

  /** Has it loaded while the person looks into the camera. */
  private async load(): Promise<typeof import("./meeting")> {
    this.code ??= await this.env.loadMeeting();
    return this.code;
  }

  private join(name: string): void {
    const { place, client } = this;
    if (!place || !client) throw new Error("call: internal error: joining without a room");
    if (this.code) this.begin(this.code, place, client, name);
    else void this.joinLater(place, client, name);
  }

  private async joinLater(place: Known, client: CryptoClient, name: string): Promise<void> {
    const code = await this.load().catch(() => null);
    if (client !== this.client) return; // the person is elsewhere by now
    if (code) {
      this.begin(code, place, client, name);
      return;
    }
    this.check.done();
    this.check.explain(explain(new Refusal("unreachable", "")));
  }

  private begin(
    code: typeof import("./meeting"),
    place: Known,
    client: CryptoClient,
    name: string,
  ): void {
    const codec = codecOf(this.env.location().search);
    const meeting = new code.Meeting(
      this.env,
      client,
      this.local,
      this.settings,
      this.version,
      place,
      name,
      codec,
      {
        entered: () => {
          remember(this.env, place.room, place.secret, true);
          this.check.done();
          this.show("meeting");
        },
        relinked: () => remember(this.env, place.room, place.secret, true),
        waiting: () => this.check.explain(unreached),
        ended: (why) => this.ended(why, place),
      },
    );
    client.onCrash = () => {
      meeting.end({
        code: "worker",
        title: "The page's encryption stopped",
        text: "Join again to come back.",
      });
    };
    this.current.value = meeting;
    meeting.enter();
  }

  private ended(why: Leaving, place: Known): void {
    this.client = null; // the meeting has ended it
    this.check.done();
    // A page that goes away may be a reload, which comes back; whoever leaves does not.
    if (why !== "page") remember(this.env, place.room, place.secret, false);
    if (typeof why === "string") {
      this.show("left");
      return;
    }
    if (why.code === "relinked" || why === isEnded) {
      this.show("stopped", why);
      return;
    }
    const opens = why.code === "ended" && this.current.value?.host.isHost.value;
    const action = opens ? this.opening(place) : { label: "Join again", run: () => this.rejoin() };
    this.show("stopped", { ...why, action });
  }

  /** Has the server take a meeting again that we have ended, or whose time is over, and goes there. */
  private async reopen(place: Known): Promise<void> {
    const visit = ++this.visit;
    const invitation = { room: place.room, secret: place.secret, back: false };
    this.check.prepare();
    this.show("check");
    try {
      const client = this.freshClient();
      await client.open(place.room, place.secret);
      const { open } = await client.reopen();
      const invite = heldPass(this.env);
      await this.env.http.createRoom({
        ...place.create,
        ...(open ? { open } : {}),
        ...(invite ? { invite } : {}),
      });
    } catch (e) {
      if (visit === this.visit) this.cannotEnter(e, invitation);
      return;
    }
    if (visit === this.visit) await this.enterRoom(invitation);
  }

  rejoin(): void {
    const { place } = this;
    if (place) void this.enterRoom({ room: place.room, secret: place.secret, back: false });
    else this.home();
  }

  home(): void {
    this.visit++;
    this.local.stop();
    this.client?.terminate();
    this.client = null;
    this.env.showPath("/");
    this.show("landing");
  }
}

/** The client over a browser, or over a test's idea of one. Begins at once with what is in the address. */
export function createApp(env: Env): AppModel {
  return new App(env);
}
