/** Who is not in sync with us, by name (PROTOCOL.md 2.9). */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import type { Member } from "../e2ee/protocol";

export class Apart {
  private readonly sessions = signal<readonly string[]>([]);
  readonly names: ReadonlySignal<string[]> = computed(() =>
    this.sessions.value.flatMap((s) => this.members.value.get(s)?.name ?? []),
  );

  constructor(
    private readonly client: CryptoClient,
    private readonly members: ReadonlySignal<ReadonlyMap<string, Member>>,
  ) {}

  /** Follows the worker; returns what ends that. */
  listen(): () => void {
    return this.client.on("apart", (m) => {
      this.sessions.value = m.sessions;
    });
  }
}
