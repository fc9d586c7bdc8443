/** Whether ways lead to the server's media. The connections carry nothing, are of no meeting, and play nothing. */
import type { Probed, Relay } from "../wire/wire.gen";
import { withoutAudioLevel } from "./sdp";

export type Protocol = "udp" | "tcp";

export interface ProbeEnv {
  makePeerConnection(config: RTCConfiguration): RTCPeerConnection;
  /** Hands an offer to the server. */
  ask(sdp: string): Promise<Probed>;
  after(ms: number, f: () => void): () => void;
}

/** ms for a way: less than the server keeps a connection (PROTOCOL.md 1.8), more than a slow network needs. */
const PATIENCE = 8_000;

/** An answer with the candidates of one protocol only; null: it has none. */
export function only(protocol: Protocol, sdp: string): string | null {
  let left = 0;
  const lines = sdp.split("\r\n").filter((line) => {
    const [, of] = /^a=candidate:\S+ \d+ (\S+) /i.exec(line) ?? [];
    if (of === undefined) return true;
    if (of.toLowerCase() !== protocol) return false;
    left++;
    return true;
  });
  return left > 0 ? lines.join("\r\n") : null;
}

async function offer(pc: RTCPeerConnection): Promise<string> {
  pc.addTransceiver("audio", { direction: "recvonly" });
  const made = await pc.createOffer();
  await pc.setLocalDescription({ type: "offer", sdp: withoutAudioLevel(made.sdp ?? "") });
  return pc.localDescription?.sdp ?? "";
}

/** Waits for what settles it, but not for longer than a way may take. */
function patiently(env: ProbeEnv, begin: (settle: (works: boolean) => void) => void) {
  return new Promise<boolean>((resolve) => {
    const stop = env.after(PATIENCE, () => resolve(false));
    begin((works) => {
      stop();
      resolve(works);
    });
  });
}

/** Whether media connects by a protocol; null: the server does not offer it. The relay is told in any case. */
export async function connects(
  env: ProbeEnv,
  protocol: Protocol,
): Promise<{ works: boolean | null; relay: Relay | null }> {
  const pc = env.makePeerConnection({ bundlePolicy: "max-bundle" });
  try {
    const { sdp, relay = null } = await env.ask(await offer(pc));
    const answer = only(protocol, sdp);
    if (answer === null) return { works: null, relay };
    const works = patiently(env, (settle) => {
      pc.onconnectionstatechange = () => {
        if (pc.connectionState === "connected") settle(true);
        if (pc.connectionState === "failed") settle(false);
      };
    });
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    return { works: await works, relay };
  } finally {
    pc.close();
  }
}

/** Whether the relay takes us by one of its addresses: it does when it lends us one. */
export async function relays(env: ProbeEnv, url: string, relay: Relay): Promise<boolean> {
  const pc = env.makePeerConnection({
    iceTransportPolicy: "relay",
    iceServers: [{ urls: [url], username: relay.username, credential: relay.password }],
  });
  try {
    const works = patiently(env, (settle) => {
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate.includes(" typ relay")) settle(true);
        if (candidate === null) settle(false); // all was tried
      };
    });
    await offer(pc);
    return await works;
  } finally {
    pc.close();
  }
}
