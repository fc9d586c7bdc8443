/** The page's handle on the crypto worker: the only file that others import, beside protocol.ts. */
import type {
  Counters,
  FaultCode,
  FileAnswer,
  FileOp,
  FromWorker,
  ToWorker,
  TransformOptions,
} from "./protocol";

type Kind = FromWorker["type"];
type Of<K extends Kind> = Extract<FromWorker, { type: K }>;

interface TrustedTypePolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

function check(url: string): string {
  if (url !== "/sw.js" && !/^\/assets\/[\w-]+\.js$/.test(url))
    throw new TypeError("not a worker of this page");
  return url;
}

let policy: { createScriptURL(url: string): string } | null = null;

/** Only our own scripts may become workers. The policy is made once: the header allows one of that name. */
function trusted(url: string): string {
  const factory = (globalThis as { trustedTypes?: TrustedTypePolicyFactory }).trustedTypes;
  policy ??= factory?.createPolicy("incamera", { createScriptURL: check }) ?? {
    createScriptURL: check,
  };
  return policy.createScriptURL(url);
}

/** What of Worker is used here; tests have their own. */
export interface WorkerLike {
  postMessage(m: unknown): void;
  onmessage: ((e: MessageEvent) => void) | null;
  onerror: ((e: ErrorEvent) => void) | null;
  terminate(): void;
}

export const openWorker = (url: string): Worker => new Worker(trusted(url), { type: "module" });

/** The service worker, which keeps the client that was loaded first. It sees no key. */
export const registerServiceWorker = (): Promise<ServiceWorkerRegistration> =>
  navigator.serviceWorker.register(trusted("/sw.js"), { updateViaCache: "none" });

/** Concurrent calls of one promise helper get the first answer; the page makes one at a time. */
export class CryptoClient {
  private readonly listeners = new Map<Kind, Set<(m: never) => void>>();
  private readonly waiting = new Set<(e: Error) => void>();
  private dead = false;
  private files = 0; // asked for so far
  /** Called once, when the worker cannot be loaded or dies. */
  onCrash: () => void = () => {};

  constructor(private readonly worker: WorkerLike) {
    worker.onmessage = (e: MessageEvent<FromWorker>) => {
      for (const f of this.listeners.get(e.data.type) ?? []) f(e.data as never);
    };
    worker.onerror = () => {
      if (this.dead) return;
      this.end();
      this.onCrash();
    };
  }

  private end(): void {
    this.dead = true;
    for (const reject of [...this.waiting])
      reject(new WorkerFault("internal", "The page's encryption stopped."));
  }

  post(m: ToWorker): void {
    this.worker.postMessage(m);
  }

  /** Calls f with every message of that type; returns what ends that. */
  on<K extends Kind>(type: K, f: (m: Of<K>) => void): () => void {
    const set = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, set);
    set.add(f as (m: never) => void);
    return () => set.delete(f as (m: never) => void);
  }

  /** Posts and waits for the answer. Rejects with a WorkerFault: one that is told meanwhile, or that the worker is gone. */
  private ask<K extends Kind>(m: ToWorker, answer: K): Promise<Of<K>> {
    if (this.dead)
      return Promise.reject(new WorkerFault("internal", "The page's encryption stopped."));
    return new Promise((resolve, reject) => {
      const end = (): void => {
        for (const off of offs) off();
        this.waiting.delete(fail);
      };
      const fail = (e: Error): void => {
        end();
        reject(e);
      };
      const offs = [
        this.on(answer, (a) => {
          end();
          resolve(a);
        }),
      ];
      // Counters are there whatever else has failed.
      if (m.type !== "count")
        offs.push(this.on("fault", (f) => fail(new WorkerFault(f.code, f.text))));
      this.waiting.add(fail);
      this.post(m);
    });
  }

  /** Makes a room. */
  create(title: string, postQuantum: boolean): Promise<Of<"created">> {
    return this.ask({ type: "create", title, postQuantum }, "created");
  }

  /** Takes a link. secret is copied. */
  open(room: string, secret: Uint8Array): Promise<Of<"opened">> {
    return this.ask({ type: "open", room, secret }, "opened");
  }

  /** The host's word that the link's room may begin again. */
  reopen(): Promise<Of<"reopen">> {
    return this.ask({ type: "reopen" }, "reopen");
  }

  /** Checks the room's card. */
  card(sealed: Uint8Array): Promise<Of<"card">> {
    return this.ask({ type: "card", sealed }, "card");
  }

  async count(): Promise<Counters> {
    return (await this.ask({ type: "count" }, "counters")).counters;
  }

  /** Has something done with a file. Rejects when it could not be done. Many may be under way at once. */
  file<K extends FileOp["op"]>(op: FileOp & { op: K }): Promise<FileAnswer & { op: K }> {
    if (this.dead)
      return Promise.reject(new WorkerFault("internal", "The page's encryption stopped."));
    const number = ++this.files;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        off();
        this.waiting.delete(fail);
      };
      const fail = (e: Error): void => {
        end();
        reject(e);
      };
      const off = this.on("filed", (m) => {
        if (m.number !== number) return;
        if (m.answer?.op !== op.op)
          return fail(new WorkerFault("internal", "This file could not be sealed or opened."));
        end();
        resolve(m.answer as FileAnswer & { op: K });
      });
      this.waiting.add(fail);
      this.post({ type: "file", number, op });
    });
  }

  /** Sets the transform of a sender or receiver; call it in the task in which the transceiver was made. */
  attach(end: RTCRtpSender | RTCRtpReceiver, options: TransformOptions): void {
    end.transform = new RTCRtpScriptTransform(this.worker as Worker, options);
  }

  /** Ends the worker, and with it every frame. */
  terminate(): void {
    this.end();
    this.worker.terminate();
  }
}

export class WorkerFault extends Error {
  constructor(
    readonly code: FaultCode,
    text: string,
  ) {
    super(text);
  }
}
