/** The server's relay (TURN, RFC 8656): for networks that let nothing through but TLS to the server. */
import type { Relay } from "../wire/wire.gen";

/**
 * The relay is at the page's own host and port, in TLS. TURN over UDP or plain TCP would reach nobody who is not reached
 * directly by the same: so browsers are not told of it.
 */
export function relayServer(page: { hostname: string; port: string }, relay: Relay): RTCIceServer {
  return {
    urls: [`turns:${page.hostname}:${page.port || "443"}?transport=tcp`],
    username: relay.username,
    credential: relay.password,
  };
}
