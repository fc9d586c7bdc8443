/** Members by our Go code, all in one process that reads and writes lines (e2ee/mls/mlsrpc). */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Bytes, hex } from "../../src/e2ee/mls/codec";
import { unhex } from "../vectors";
import type { CommitWish, MadeCommit, Member, Processed, ProposalWish, State } from "./member";

interface Answer extends Partial<State> {
  error?: string;
  keyPackage?: string;
  message?: string;
  welcome?: string;
  tree?: string;
  kind?: string;
  application?: string;
  evicted?: boolean;
}

/** The driver process. Answers come in the order of the requests. */
export class Driver {
  private readonly child: ChildProcess;
  private readonly waiting: { resolve(a: Answer): void; reject(e: Error): void }[] = [];

  constructor(path: string) {
    this.child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      this.waiting.shift()?.resolve(JSON.parse(line) as Answer);
    });
    this.child.on("exit", (code) => {
      for (const w of this.waiting.splice(0)) w.reject(new Error(`mlsrpc ended with ${code}`));
    });
  }

  async ask(request: Record<string, unknown>): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    });
    if (answer.error) throw new Error(`go: ${request.op}: ${answer.error}`);
    return answer;
  }

  close(): void {
    this.child.stdin!.end();
  }
}

const bytes = (s: string | undefined): Bytes => {
  if (s === undefined) throw new Error("go: the answer lacks a field");
  return unhex(s);
};

export class GoMember implements Member {
  readonly kind = "go";
  readonly complete = true;

  constructor(
    readonly name: string,
    private readonly driver: Driver,
    private readonly suite: number,
  ) {}

  private ask(op: string, fields: Record<string, unknown> = {}): Promise<Answer> {
    return this.driver.ask({ op, id: this.name, ...fields });
  }

  async keyPackage(): Promise<Bytes> {
    return bytes((await this.ask("keypackage", { suite: this.suite, name: this.name })).keyPackage);
  }

  async create(groupId: Bytes): Promise<void> {
    await this.ask("create", { group: hex(groupId) });
  }

  async join(welcome: Bytes, tree: Bytes): Promise<void> {
    await this.ask("join", { welcome: hex(welcome), tree: hex(tree) });
  }

  async joinExternally(info: Bytes): Promise<Bytes> {
    return bytes((await this.ask("extjoin", { message: hex(info) })).message);
  }

  async groupInfo(): Promise<Bytes> {
    return bytes((await this.ask("groupinfo", { external: true })).message);
  }

  async propose(wish: ProposalWish, asPublic: boolean): Promise<Bytes> {
    const fields: Record<string, unknown> = { kind: wish.kind, public: asPublic };
    if (wish.kind === "add") fields.keyPackage = hex(wish.keyPackage);
    if (wish.kind === "remove") fields.leaf = wish.leaf;
    if (wish.kind === "psk") fields.pskId = hex(wish.id);
    return bytes((await this.ask("propose", fields)).message);
  }

  async commit(w: CommitWish): Promise<MadeCommit> {
    const a = await this.ask("commit", {
      adds: w.adds.map(hex),
      removes: w.removes,
      psks: w.psks.map(hex),
      force: w.force,
      public: w.asPublic,
      noTree: w.noTree,
    });
    const welcome = a.welcome === undefined ? null : unhex(a.welcome);
    return { message: bytes(a.message), welcome, tree: bytes(a.tree) };
  }

  async accept(): Promise<void> {
    await this.ask("accept");
  }

  async reject(): Promise<void> {
    await this.ask("reject");
  }

  async process(message: Bytes): Promise<Processed> {
    const a = await this.ask("process", { message: hex(message) });
    if (a.kind === "application") return { kind: "application", data: bytes(a.application) };
    return { kind: "handshake", evicted: a.evicted ?? false };
  }

  async encrypt(data: Bytes): Promise<Bytes> {
    return bytes((await this.ask("encrypt", { data: hex(data) })).message);
  }

  async state(): Promise<State> {
    const { epoch, leaf, authenticator, baseKey } = await this.ask("state");
    if (epoch === undefined || leaf === undefined || !authenticator || !baseKey) {
      throw new Error("go: no state");
    }
    return { epoch, leaf, authenticator, baseKey };
  }
}
