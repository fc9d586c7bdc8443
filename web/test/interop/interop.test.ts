/**
 * Random groups of Go, our TypeScript and ts-mls members. After every step all of them agree on epoch, epoch
 * authenticator and SFrame base key. A failing seed says how to run it again.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import test, { after, before } from "node:test";
import { type Bytes, hex } from "../../src/e2ee/mls/codec";
import { loadSuite, SUITE_X25519, SUITE_XWING } from "../../src/e2ee/mls/suite";
import { type Random, random } from "../random";
import { Driver, GoMember } from "./go";
import type { CommitWish, MadeCommit, Member, ProposalWish } from "./member";
import { OwnMember } from "./own";
import { TsMlsMember } from "./tsmls";

const SEEDS = 20;
/** Of the post-quantum suite, with numbers of their own. ts-mls has another one under that name. */
const XWING_SEEDS = 4;
const FIRST_XWING = 1001;
const STEPS = 60;
/** More members show more of the tree, and take longer: few seeds have many. */
const maxMembers = (seed: number): number => (seed % 7 === 0 ? 12 : 5);
const KINDS = ["go", "own", "ts-mls"];
const suiteOf = (seed: number): number => (seed < FIRST_XWING ? SUITE_X25519 : SUITE_XWING);

const path = process.env.INCAMERA_MLSRPC;
if (!path) throw new Error("interop: run it by test/run.mjs, which builds the Go driver");
const driver = new Driver(path);
before(() => loadSuite(SUITE_XWING));
after(() => driver.close());

const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

const psks = new Map<string, Bytes>();

class Meeting {
  members: Member[] = [];
  private made = 0;
  private step = 0;
  private readonly max: number;

  constructor(
    private readonly seed: number,
    private readonly r: Random,
  ) {
    this.max = maxMembers(seed);
  }

  private newMember(): Member {
    const suite = suiteOf(this.seed);
    const kind = this.r.pick(suite === SUITE_XWING ? KINDS.slice(0, 2) : KINDS);
    const name = `${this.seed}-${this.made++}-${kind}`;
    count(kind);
    count(`suite ${suite}`);
    if (kind === "go") return new GoMember(name, driver, suite);
    return kind === "own" ? new OwnMember(name, psks, suite) : new TsMlsMember(name, psks);
  }

  async run(steps: number): Promise<void> {
    const founder = this.newMember();
    await founder.keyPackage();
    await founder.create(this.r.bytes(16));
    this.members = [founder];
    for (this.step = 1; this.step <= steps; this.step++) {
      const what = this.choose();
      try {
        await this.act(what);
        await this.agree();
      } catch (cause) {
        const again = `INCAMERA_SEED=${this.seed} node test/run.mjs interop`;
        const who = this.members.map((m) => m.name).join(" ");
        throw new Error(`step ${this.step} (${what}) of ${who}; again: ${again}`, { cause });
      }
      count(what);
    }
  }

  private choose(): string {
    const n = this.members.length;
    const can = ["add", "add", "update", "psk"];
    if (n >= 2) can.push("say", "late", "contest", "references", "references");
    if (n >= 3) can.push("remove", "replace");
    if (n < this.max) can.push("external", "add", "add");
    const what = this.r.pick(can);
    return what === "add" && n >= this.max ? "remove" : what;
  }

  private async act(what: string): Promise<void> {
    switch (what) {
      case "add":
        return this.changes(this.r.chance(30) && this.members.length < this.max - 1 ? 2 : 1, 0);
      case "remove":
        return this.changes(0, this.r.chance(30) && this.members.length > 3 ? 2 : 1);
      case "replace":
        return this.changes(1, 1);
      case "update":
        return this.changes(0, 0, true);
      case "psk":
        return this.changes(0, 0);
      case "references":
        return this.references();
      case "external":
        return this.external();
      case "contest":
        return this.contest();
      case "say":
        return this.say();
      case "late":
        return this.late();
    }
    throw new Error(`no such step: ${what}`);
  }

  private async newPsk(): Promise<Bytes> {
    const id = this.r.bytes(1 + this.r.below(12));
    const psk = this.r.bytes(32);
    psks.set(hex(id), psk);
    await driver.ask({ op: "psk", pskId: hex(id), psk: hex(psk) });
    return id;
  }

  private async wish(w: Partial<CommitWish>): Promise<CommitWish> {
    return {
      adds: [],
      removes: [],
      psks: this.r.chance(40) ? [await this.newPsk()] : [],
      force: this.r.chance(40),
      asPublic: this.r.chance(50),
      noTree: this.r.chance(50),
      ...w,
    };
  }

  private async leafOf(m: Member): Promise<number> {
    return (await m.state()).leaf;
  }

  private others(m: Member): Member[] {
    return this.members.filter((x) => x !== m);
  }

  /** A commit by value of so many Adds and Removes; without any, of a path or a PSK. */
  private async changes(adds: number, removes: number, update = false): Promise<void> {
    const committer = this.r.pick(this.members);
    const leaving: Member[] = [];
    while (leaving.length < removes) {
      const m = this.r.pick(this.others(committer));
      if (!leaving.includes(m)) leaving.push(m);
    }
    const coming: Member[] = Array.from({ length: adds }, () => this.newMember());
    const w = await this.wish({
      adds: await Promise.all(coming.map((m) => m.keyPackage())),
      removes: await Promise.all(leaving.map((m) => this.leafOf(m))),
    });
    if (update) Object.assign(w, { force: true, psks: [] });
    if (adds + removes === 0 && !update) w.psks = [await this.newPsk()];
    await this.settle(committer, await committer.commit(w), coming, leaving);
  }

  /** The delivery service takes the commit: everybody follows. */
  private async settle(
    committer: Member,
    made: MadeCommit,
    coming: Member[],
    leaving: Member[],
  ): Promise<void> {
    await committer.accept();
    for (const m of this.others(committer)) {
      const leaves = leaving.includes(m);
      // ts-mls fails at its own removal when the leaf is filled again by the same commit.
      if (leaves && coming.length > 0 && m.kind === "ts-mls") continue;
      const got = await m.process(made.message);
      deepStrictEqual(got, { kind: "handshake", evicted: leaves }, m.name);
    }
    this.members = this.members.filter((m) => !leaving.includes(m));
    if (coming.length > 0 && !made.welcome) throw new Error("a commit of Adds without a Welcome");
    for (const m of coming) await m.join(made.welcome!, made.tree);
    this.members.push(...coming);
  }

  /** Proposals of several members, committed by reference by one of them or another. */
  private async references(): Promise<void> {
    const committer = this.r.pick(this.members);
    const coming: Member[] = [];
    const leaving: Member[] = [];
    const touched = new Set<Member>([committer]);
    const n = 1 + this.r.below(3);
    for (let i = 0; i < n; i++) {
      const from = this.r.pick(this.members);
      const wish = await this.proposalBy(from, touched, coming, leaving);
      if (!wish) continue;
      count(`proposal ${wish.kind}`);
      const message = await from.propose(wish, this.r.chance(50));
      for (const m of this.others(from)) await m.process(message);
    }
    const w = await this.wish({ force: false });
    await this.settle(committer, await committer.commit(w), coming, leaving);
  }

  private async proposalBy(
    from: Member,
    touched: Set<Member>,
    coming: Member[],
    leaving: Member[],
  ): Promise<ProposalWish | null> {
    const kind = this.r.pick(["add", "remove", "update", "psk"]);
    if (kind === "psk") return { kind, id: await this.newPsk() };
    if (kind === "add") {
      if (this.members.length + coming.length >= this.max) return null;
      const m = this.newMember();
      coming.push(m);
      return { kind, keyPackage: await m.keyPackage() };
    }
    if (kind === "update") {
      if (!from.complete || touched.has(from)) return null;
      touched.add(from);
      return { kind };
    }
    const target = this.r.pick(this.members);
    if (touched.has(target) || this.members.length - leaving.length <= 2) return null;
    touched.add(target);
    leaving.push(target);
    return { kind: "remove", leaf: await this.leafOf(target) };
  }

  private async external(): Promise<void> {
    const m = this.newMember();
    await m.keyPackage();
    const commit = await m.joinExternally(await this.r.pick(this.members).groupInfo());
    for (const other of this.members) await other.process(commit);
    this.members.push(m);
  }

  /** Two commit at once; the delivery service takes one, and the other is discarded. */
  private async contest(): Promise<void> {
    const winner = this.r.pick(this.members);
    const loser = this.r.pick(this.others(winner));
    const late = await loser.commit(await this.wish({ force: true }));
    strictEqual(late.welcome, null);
    const made = await winner.commit(await this.wish({ force: true }));
    await loser.reject();
    await this.settle(winner, made, [], []);
  }

  private async say(): Promise<void> {
    const from = this.r.pick(this.members);
    for (let i = 0; i < 1 + this.r.below(3); i++) await this.deliver(from, this.words());
  }

  private words(): Bytes {
    return this.r.bytes(this.r.below(300));
  }

  private async deliver(from: Member, data: Bytes): Promise<void> {
    await this.hear(from, data, await from.encrypt(data));
  }

  private async hear(from: Member, data: Bytes, message: Bytes): Promise<void> {
    for (const m of this.others(from)) {
      deepStrictEqual(await m.process(message), { kind: "application", data }, m.name);
      count("heard");
    }
  }

  /** Messages out of order, and after the epoch that they were said in. */
  private async late(): Promise<void> {
    const from = this.r.pick(this.members);
    const first = this.words();
    const second = this.words();
    const one = await from.encrypt(first);
    const two = await from.encrypt(second);
    await this.hear(from, second, two);
    await this.changes(0, 0, true);
    await this.hear(from, first, one);
  }

  private async agree(): Promise<void> {
    const [first, ...rest] = await Promise.all(this.members.map((m) => m.state()));
    const leaves = new Set([first!.leaf]);
    for (const [i, s] of rest.entries()) {
      const common = { ...first!, leaf: s.leaf };
      deepStrictEqual(s, common, `${this.members[i + 1]!.name} against ${this.members[0]!.name}`);
      leaves.add(s.leaf);
    }
    strictEqual(leaves.size, this.members.length, "two members on one leaf");
  }
}

const only = Number(process.env.INCAMERA_SEED ?? 0);
const seeds = [
  ...Array.from({ length: SEEDS }, (_, i) => 1 + i),
  ...Array.from({ length: XWING_SEEDS }, (_, i) => FIRST_XWING + i),
];
for (const seed of only ? [only] : seeds) {
  test(`mixed group, seed ${seed}`, () => new Meeting(seed, random(seed)).run(STEPS));
}

test("every kind of member and step came up", { skip: only > 0 ? "one seed only" : false }, (t) => {
  const steps = ["add", "remove", "replace", "update", "psk", "references", "external", "contest"];
  const proposals = ["add", "remove", "update", "psk"].map((k) => `proposal ${k}`);
  const suites = [SUITE_X25519, SUITE_XWING].map((id) => `suite ${id}`);
  for (const what of [...KINDS, ...suites, ...steps, ...proposals, "say", "late", "heard"]) {
    strictEqual((counts.get(what) ?? 0) > 0, true, what);
  }
  const figures = [...counts].sort().map(([what, n]) => `${what} ${n}`);
  t.diagnostic(`interop: ${seeds.length} seeds x ${STEPS} steps: ${figures.join(", ")}`);
});
