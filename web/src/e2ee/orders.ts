/** What the server has to know of the host's wishes, and what may be said to whom by whose leave (PROTOCOL.md 1.5, 2.7). */
import { isHost, names, type Policy, withholds } from "./access";
import { ACT, type Acts } from "./acts";
import { base64url, fromBase64url } from "./bytes";
import type { Hosting } from "./hosting";
import type { LeafInfo } from "./leaf";
import { passHolds, ROLE, signPass } from "./pass";
import type { Standing, Terms } from "./policy";
import type { AppPayload, GroupOut, SourceName } from "./protocol";

/** How many sessions the server takes that differ from the rest. */
const MAX_OTHERS = 128;
const MAX_SECONDS = 0xffffffff;

/** The sources among acts. */
export function sourcesOf(acts: Acts): SourceName[] {
  const out: SourceName[] = [];
  if (acts & ACT.mic) out.push("mic");
  if (acts & ACT.camera) out.push("camera");
  if (acts & ACT.screen) out.push("screen", "screen-audio");
  return out;
}

const media = (acts: Acts): Acts => acts & ~ACT.chat;

/** What puts words of one's own before others. A box is for one of them, and holds nothing else. */
const WRITTEN: ReadonlySet<AppPayload["kind"]> = new Set([
  "chat",
  "file",
  "direct",
  "poll",
  "draw",
]);

/** Throws for what its sender may not say under the policy. */
export function checkSaid(p: Policy, from: LeafInfo, said: AppPayload): void {
  if (WRITTEN.has(said.kind) && (withholds(p, from.deviceKey) & ACT.chat) !== 0)
    throw new Error("app: of somebody who may not write");
  if (said.kind === "mute" && !names(p.grant, from.deviceKey))
    throw new Error("app: of somebody who mutes nobody");
  if (said.kind === "spotlight" && !names(p.grant, from.deviceKey))
    throw new Error("app: of somebody who shows nobody to all");
}

/** What follows for the server, and what is to be said in the group. */
export interface Given {
  send: GroupOut[];
  say: AppPayload[];
}

/** Of one session. */
export class Orders {
  /** Grant number of the latest pass of ours that the server has; 0: none. */
  private shown = 0;
  private handed = new Set<string>();
  private ruled = "";

  constructor(
    private readonly terms: Terms,
    private readonly hosting: Hosting,
    private readonly session: string,
  ) {}

  /** The server carries out what we order. */
  get possible(): boolean {
    return this.shown > 0;
  }

  /** We may order the group to be begun anew: also when we cannot follow it. */
  get mayRestart(): boolean {
    const { hosting } = this;
    return hosting.signer(hosting.known.grant) !== null && (!!hosting.hostSigner || this.possible);
  }

  /** A pass for the host whose page was loaded anew, and is in no group that could be followed; null: the server has one. */
  async showPass(): Promise<GroupOut | null> {
    const host = this.hosting.hostSigner;
    if (this.possible || !host) return null;
    this.shown = Math.max(this.hosting.known.grant?.number ?? 0, 1);
    const pass = { grant: this.shown, role: ROLE.host, session: this.session };
    const signature = await signPass(this.terms.room, pass, host);
    return { type: "moderate", grant: pass.grant, role: pass.role, signature };
  }

  /** After each epoch. now: Unix ms. */
  async entered(s: Standing, generation: number, epoch: number, now: number): Promise<Given> {
    const given: Given = { send: [], say: [] };
    const { grant } = s.policy;
    const host = this.hosting.hostSigner;
    if (host && grant && isHost(grant, this.hosting.ownKey)) {
      const { room } = this.terms;
      if (this.shown !== grant.number) {
        this.shown = grant.number;
        this.handed = new Set();
        const pass = { grant: grant.number, role: ROLE.host, session: this.session };
        const signature = await signPass(room, pass, host);
        given.send.push({ type: "moderate", grant: pass.grant, role: pass.role, signature });
      }
      for (const { session, deviceKey } of s.infos.values()) {
        if (session === this.session || this.handed.has(session) || !names(grant, deviceKey))
          continue;
        this.handed.add(session);
        const role = isHost(grant, deviceKey) ? ROLE.host : ROLE.moderator; // another window of the host's
        const pass = { grant: grant.number, role, session };
        const signature = base64url(await signPass(room, pass, host));
        given.say.push({ kind: "pass", ...pass, signature });
      }
    }
    if (this.shown > 0 && this.shown === grant?.number && this.hosting.signer(grant))
      this.rule(s, generation, epoch, now, given);
    return given;
  }

  private rule(s: Standing, generation: number, epoch: number, now: number, given: Given): void {
    const p = s.policy;
    const others = [...s.infos.values()]
      .map((i) => ({ session: i.session, acts: media(withholds(p, i.deviceKey)) }))
      .filter((o) => o.acts !== media(p.withheld))
      .sort((a, b) => (a.session < b.session ? -1 : 1))
      .slice(0, MAX_OTHERS);
    const key = JSON.stringify([generation, p.withheld, others, p.ends, p.hostless, p.keep]);
    if (key === this.ruled) return;
    this.ruled = key;
    const left = Math.floor((p.ends - now) / 1000);
    given.send.push({
      type: "rules",
      generation,
      epoch,
      withheld: sourcesOf(p.withheld),
      others: others.map((o) => ({ session: o.session, sources: sourcesOf(o.acts) })),
      ends: p.ends > 0 ? Math.min(Math.max(left, 1), MAX_SECONDS) : 0,
      hostless: p.hostless * 60,
      keep: p.keep * 60,
    });
  }

  /** A pass that was handed out. Throws for one that the host has not made; null: it is not for us, or of before. */
  async take(p: AppPayload & { kind: "pass" }): Promise<GroupOut | null> {
    const { grant, role, session } = p;
    const signature = fromBase64url(p.signature);
    if (!signature) throw new Error("pass: no signature");
    const { room, card } = this.terms;
    if (!(await passHolds(room, card.hostKey, { grant, role, session }, signature)))
      throw new Error("pass: the host has not made it");
    if (session !== this.session || grant < this.shown || this.hosting.hostSigner) return null;
    this.shown = grant;
    return { type: "moderate", grant, role, signature };
  }
}
