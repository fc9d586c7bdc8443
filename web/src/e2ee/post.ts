/** Between the group and the page: what is for one person is sealed and opened here, and keys of files are taken out. */
import { type Bytes, hex, unhex } from "./bytes";
import { newDirectKey, openDirect, sealDirect } from "./direct";
import type { FileBox } from "./filebox";
import type { LeafInfo } from "./leaf";
import type { KeyPair } from "./mls/hpke";
import type { AppPayload } from "./protocol";

/** Boxes of our own whose echo is waited for. */
const MAX_OWN = 256;

export interface PostEvents {
  /** Seals it for the group. */
  say(payload: AppPayload): Promise<void>;
  /** Something for the page. to: the session that it was for alone; "" for everybody. */
  said(info: LeafInfo, self: boolean, payload: AppPayload, to: string): void;
}

/** Of one session of ours: its key for direct messages lives as long. */
export class Post {
  private readonly key: Promise<KeyPair> = newDirectKey();
  private readonly keys = new Map<string, Bytes>();
  private readonly own = new Map<string, { payload: AppPayload; to: string }>();
  private inOrder: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly room: string,
    private readonly session: string,
    private readonly files: FileBox,
    private readonly events: PostEvents,
  ) {}

  /** Rejects when that person cannot be told anything alone (yet). */
  async say(payload: AppPayload, to = ""): Promise<void> {
    if (to === "") {
      if (payload.kind !== "state") return this.events.say(payload);
      const { pub } = await this.key;
      return this.events.say({ ...payload, key: hex(pub) });
    }
    const key = this.keys.get(to);
    if (!key || (payload.kind !== "chat" && payload.kind !== "file"))
      throw new Error("post: not for this person alone");
    const sealed = await sealDirect({ room: this.room, from: this.session, to }, key, payload);
    if (this.closed) return;
    this.own.set(sealed.box, { payload, to });
    const [oldest] = this.own.keys();
    if (this.own.size > MAX_OWN && oldest !== undefined) this.own.delete(oldest);
    return this.events.say(sealed);
  }

  /** What somebody said, in its place. */
  take(info: LeafInfo, self: boolean, payload: AppPayload): void {
    this.inOrder = this.inOrder.then(() => this.pass(info, self, payload)).catch(() => {});
  }

  private async pass(info: LeafInfo, self: boolean, payload: AppPayload): Promise<void> {
    if (this.closed) return;
    if (payload.kind !== "direct") return this.tell(info, self, payload, "");
    if (self) {
      const own = this.own.get(payload.box);
      this.own.delete(payload.box);
      if (own) this.tell(info, true, own.payload, own.to);
      return;
    }
    const between = { room: this.room, from: info.session, to: this.session };
    const opened = await openDirect(between, await this.key, payload.box);
    if (opened && !this.closed) this.tell(info, false, opened, this.session);
  }

  private tell(info: LeafInfo, self: boolean, payload: AppPayload, to: string): void {
    let shown = payload;
    if (payload.kind === "state") {
      const { key, ...state } = payload;
      if (key !== undefined) this.keys.set(info.session, unhex(key));
      shown = state;
    } else if (payload.kind === "file") {
      shown = this.files.take(info.session, payload);
    }
    this.events.said(info, self, shown, to);
  }

  close(): void {
    this.closed = true;
    this.keys.clear();
    this.own.clear();
    void this.key.then(({ priv }) => priv.fill(0));
  }
}
