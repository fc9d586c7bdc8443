/** Notices that a media connection is gone. */

/** Ms for which a connection may be disconnected: shorter, and a hiccup costs a new connection; longer, and people wait. */
const DISCONNECTED = 3_000;

/** What of RTCPeerConnection is looked at; tests have their own. */
export interface Watched {
  readonly connectionState: RTCPeerConnectionState;
  onconnectionstatechange: ((this: RTCPeerConnection, e: Event) => unknown) | null;
}

/** Calls lost, once, when the connection has failed or was disconnected for 3 s; connected when it is up. Returns how to end that. */
export function watch(
  pc: Watched,
  after: (ms: number, f: () => void) => () => void,
  lost: () => void,
  connected: () => void,
): () => void {
  let cancel: (() => void) | null = null;
  const stop = (): void => {
    cancel?.();
    cancel = null;
    pc.onconnectionstatechange = null;
  };
  const gone = (): void => {
    stop();
    lost();
  };
  pc.onconnectionstatechange = () => {
    cancel?.();
    cancel = null;
    if (pc.connectionState === "failed") gone();
    else if (pc.connectionState === "connected") connected();
    else if (pc.connectionState === "disconnected") cancel = after(DISCONNECTED, gone);
  };
  return stop;
}
