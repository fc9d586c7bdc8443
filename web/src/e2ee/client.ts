/** The page's handle on the crypto worker: the only file that others import, beside protocol.ts. */
import type { Counters, FromWorker, ToWorker, TransformOptions } from "./protocol";

type Kind = FromWorker["type"];
type Of<K extends Kind> = Extract<FromWorker, { type: K }>;

interface TrustedTypePolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

function check(url: string): string {
  if (!/^\/assets\/[\w-]+\.js$/.test(url)) throw new TypeError("not a worker of this page");
  return url;
}

let policy: { createScriptURL(url: string): string } | null = null;

/** Only our own bundled scripts may become workers. The policy is made once: the header allows one of that name. */
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

export class CryptoClient {
  private readonly listeners = new Map<Kind, Set<(m: never) => void>>();
  /** Called when the worker itself dies. */
  onCrash: () => void = () => {};

  constructor(private readonly worker: WorkerLike) {
    worker.onmessage = (e: MessageEvent<FromWorker>) => {
      for (const f of this.listeners.get(e.data.type) ?? []) f(e.data as never);
    };
    worker.onerror = () => this.onCrash();
  }

  post(m: ToWorker): void {
    this.worker.postMessage(m);
  }

  on<K extends Kind>(type: K, f: (m: Of<K>) => void): () => void {
    const set = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, set);
    set.add(f as (m: never) => void);
    return () => set.delete(f as (m: never) => void);
  }

  /** Posts and waits for the answer; a fault meanwhile rejects with it. */
  private ask<K extends Kind>(m: ToWorker, answer: K): Promise<Of<K>> {
    return new Promise((resolve, reject) => {
      const offs = [
        this.on(answer, (a) => {
          for (const off of offs) off();
          resolve(a);
        }),
        this.on("fault", (f) => {
          for (const off of offs) off();
          reject(new WorkerFault(f.code, f.text));
        }),
      ];
      this.post(m);
    });
  }

  create(title: string): Promise<Of<"created">> {
    return this.ask({ type: "create", title }, "created");
  }
  open(room: string, secret: Uint8Array): Promise<Of<"opened">> {
    return this.ask({ type: "open", room, secret }, "opened");
  }
  card(sealed: Uint8Array): Promise<Of<"card">> {
    return this.ask({ type: "card", sealed }, "card");
  }
  async count(): Promise<Counters> {
    return (await this.ask({ type: "count" }, "counters")).counters;
  }

  /** Sets the transform of a sender or receiver; call it in the task in which the transceiver was made. */
  attach(end: RTCRtpSender | RTCRtpReceiver, options: TransformOptions): void {
    end.transform = new RTCRtpScriptTransform(this.worker as Worker, options);
  }

  terminate(): void {
    this.worker.terminate();
  }
}

export class WorkerFault extends Error {
  constructor(
    readonly code: string,
    text: string,
  ) {
    super(text);
  }
}
