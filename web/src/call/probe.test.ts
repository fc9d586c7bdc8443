import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { only } from "../media/probe";
import { Refusal } from "../wire/http";
import type { SocketLike } from "../wire/socket";
import type { Probed } from "../wire/wire.gen";
import { FakeClock, settle } from "./fake";
import { type Found, type Hop, hops, judge, Probe, type ProbeDoors, type State } from "./probe";

const answer = [
  "v=0",
  "a=candidate:1 1 udp 2113937151 203.0.113.7 443 typ host",
  "a=candidate:2 1 tcp 1518280447 203.0.113.7 443 typ host tcptype passive",
  "a=end-of-candidates",
  "",
].join("\r\n");

/** A network that lets through what it is told to. */
class Network {
  readonly clock = new FakeClock();
  open = new Set<Hop>(hops);
  relay = true;
  refusal: Refusal | null = null;
  answer = answer;
  made = 0;
  closed = 0;
  saved: [string, string][] = [];

  readonly doors: ProbeDoors = {
    origin: "https://meet.example.org",
    browser: "Firefox/153",
    page: async () => {
      if (!this.open.has("page")) throw new TypeError("network");
    },
    connect: () => {
      const socket: SocketLike = {
        readyState: 1,
        send: () => {},
        close: () => {},
        onopen: null,
        onclose: null,
        onmessage: null,
      };
      setImmediate(() => {
        if (this.open.has("socket")) socket.onopen?.({} as Event);
        else socket.onclose?.({} as CloseEvent);
      });
      return socket;
    },
    makePeerConnection: (config) => this.peer(config),
    ask: async (sdp): Promise<Probed> => {
      assert.equal(sdp, "offer");
      if (this.refusal) throw this.refusal;
      return {
        sdp: this.answer,
        ...(this.relay ? { relay: { username: "user", password: "secret" } } : {}),
      };
    },
    after: this.clock.after,
    now: () => this.clock.now,
    save: (blob, name) => void blob.text().then((text) => this.saved.push([name, text])),
  };

  private peer(config: RTCConfiguration): RTCPeerConnection {
    this.made++;
    const [url] = (config.iceServers?.[0]?.urls ?? []) as string[];
    const pc = {
      connectionState: "new",
      localDescription: { sdp: "offer" },
      onconnectionstatechange: null as (() => void) | null,
      onicecandidate: null as ((e: unknown) => void) | null,
      addTransceiver: (kind: string, { direction }: { direction: string }) =>
        assert.deepEqual([kind, direction], ["audio", "recvonly"]),
      createOffer: async () => ({ sdp: "offer" }),
      setLocalDescription: async () => {
        if (url === undefined) return;
        assert.equal(config.iceTransportPolicy, "relay");
        const hop: Hop = url.startsWith("turns:")
          ? "relay-tls"
          : url.endsWith("udp")
            ? "relay-udp"
            : "relay-tcp";
        assert.match(url, /^turns?:meet\.example\.org:443\?transport=(udp|tcp)$/);
        if (this.open.has(hop))
          setImmediate(() =>
            pc.onicecandidate?.({
              candidate: { candidate: "candidate:1 1 udp 1 240.0.0.1 9 typ relay" },
            }),
          );
        else setImmediate(() => pc.onicecandidate?.({ candidate: null }));
      },
      setRemoteDescription: async ({ sdp }: { sdp: string }) => {
        const both = sdp.includes(" udp ") && sdp.includes(" tcp ");
        assert(!both, "each way is tried by itself");
        if (!this.open.has(sdp.includes(" udp ") ? "udp" : "tcp")) return; // nothing comes back, ever
        pc.connectionState = "connected";
        setImmediate(() => pc.onconnectionstatechange?.());
      },
      close: () => {
        this.closed++;
      },
    };
    return pc as unknown as RTCPeerConnection;
  }

  async test(): Promise<Probe> {
    const probe = new Probe(this.doors);
    await this.clock.pass(60_000);
    await settle();
    return probe;
  }
}

const shutting = (...shut: Hop[]): Network => {
  const n = new Network();
  for (const hop of shut) n.open.delete(hop);
  return n;
};

describe("connection test", () => {
  const blocked: Hop[] = ["udp", "relay-udp"];
  for (const [what, network, grade, title] of [
    ["an open network", shutting(), "good", "Everything gets through"],
    ["UDP blocked", shutting(...blocked), "detour", "Meetings work, with a detour"],
    [
      "nothing but TLS",
      shutting(...blocked, "tcp", "relay-tcp"),
      "detour",
      "Meetings work, by the relay only",
    ],
    ["TCP blocked to media", shutting("tcp"), "good", "Meetings work"],
    [
      "no way for media",
      shutting(...blocked, "tcp", "relay-tcp", "relay-tls"),
      "blocked",
      "Sound and pictures do not get through",
    ],
    ["no websocket", shutting("socket"), "blocked", "The line to the server is cut on the way"],
    ["no server", shutting("page", "socket"), "blocked", "The server does not answer"],
  ] as const)
    it(`${what}: names it`, async () => {
      const probe = await network.test();
      const found = probe.found.value;
      for (const hop of hops)
        assert.equal(found[hop], network.open.has(hop) ? "open" : "shut", hop);
      assert.equal(probe.verdict.value?.grade, grade);
      assert.equal(probe.verdict.value?.title, title);
      assert.equal(network.closed, network.made);
      assert.equal(network.made, 5);
    });

  it("tells what a server does not offer from what does not get through", async () => {
    const network = new Network();
    network.relay = false;
    network.answer = answer.replace(/a=candidate:2.*\r\n/, "");
    const { found, verdict } = await network.test();
    assert.deepEqual(
      [found.value.udp, found.value.tcp, found.value["relay-tls"]],
      ["open", "absent", "absent"],
    );
    assert.equal(verdict.value?.title, "Everything gets through");
  });

  it("does not take a server that is busy for a network that is blocked", async () => {
    const network = new Network();
    network.refusal = new Refusal("rate", "Too many requests.", 429);
    const { found, verdict } = await network.test();
    assert.equal(found.value.udp, "unknown");
    assert.equal(found.value["relay-tls"], "unknown");
    assert.equal(verdict.value?.grade, "unknown");
  });

  it("reports what was found, and nothing of the person or the network", async () => {
    const network = shutting("udp");
    const probe = await network.test();
    probe.save();
    await settle();
    const [[name, text] = ["", ""]] = network.saved;
    assert.equal(name, "incamera-connection-test.json");
    const report = JSON.parse(text);
    assert.deepEqual(Object.keys(report), ["test", "at", "server", "browser", "hops", "verdict"]);
    assert.equal(report.hops.udp.state, "shut");
    assert.match(report.verdict.remedy, /meet\.example\.org, port 443/);
    assert(!/203\.0\.113|240\.0|secret|user"|candidate/.test(text));
  });

  it("can be run again", async () => {
    const network = shutting("udp", "relay-udp");
    const probe = await network.test();
    network.open.add("udp").add("relay-udp");
    probe.run();
    probe.run(); // pressed twice
    assert.deepEqual([probe.verdict.value], [null]);
    await network.clock.pass(60_000);
    await settle();
    assert.equal(probe.verdict.value?.title, "Everything gets through");
    assert.equal(network.made, 10);
  });

  it("says of every outcome what it means, and of each bad one what to do", () => {
    const states: State[] = ["open", "shut", "absent", "unknown"];
    for (const udp of states)
      for (const tcp of states)
        for (const tls of states) {
          const found: Found = {
            page: "open",
            socket: "open",
            udp,
            tcp,
            "relay-udp": "shut",
            "relay-tcp": "shut",
            "relay-tls": tls,
          };
          const { grade, remedy } = judge(found);
          const some = [udp, tcp, tls].includes("open");
          assert.equal(grade === "good" || grade === "detour", some, JSON.stringify(found));
          assert.equal(remedy === "", grade === "good");
        }
  });

  it("tells a browser that refuses the server's address from a network that lets no UDP through", () => {
    const found: Found = {
      page: "open",
      socket: "open",
      udp: "shut",
      tcp: "shut",
      "relay-udp": "open",
      "relay-tcp": "open",
      "relay-tls": "open",
    };
    assert.equal(judge(found).title, "Meetings work, by the relay");
    assert.equal(
      judge({ ...found, "relay-udp": "shut" }).title,
      "Meetings work, by the relay only",
    );
  });

  it("leaves the candidates of one protocol in an answer", () => {
    assert.match(only("udp", answer) ?? "", /udp/);
    assert(!/ tcp /.test(only("udp", answer) ?? ""));
    assert.match(only("tcp", answer) ?? "", /tcptype passive\r\na=end-of-candidates/);
    assert.equal(only("tcp", "v=0\r\n"), null);
  });
});
