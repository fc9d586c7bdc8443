/** The server's relay (TURN, RFC 8656): for networks that let nothing through but TLS to the server, and browsers that refuse its address. */
import type { Relay } from "../wire/wire.gen";

/**
 * The relay is at the page's own host and port, in TLS. TURN over plain TCP would reach nobody who is not reached directly by
 * the same, nor would TURN over UDP but for one thing: Chromium takes no candidate of a private address whose port is below
 * 1024. Where the server has such, it says so.
 */
export function relayServer(page: { hostname: string; port: string }, relay: Relay): RTCIceServer {
  const at = `${page.hostname}:${page.port || "443"}`;
  const inTLS = `turns:${at}?transport=tcp`;
  return {
    urls: relay.udp ? [`turn:${at}?transport=udp`, inTLS] : [inTLS],
    username: relay.username,
    credential: relay.password,
  };
}
