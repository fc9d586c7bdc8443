// A browser behind a firewall: joins the meeting, sees who is there and is seen, and runs the connection test. For the Go test that makes
// the firewall and runs this in its network namespace: node e2e/behind.mjs chromium|firefox LINK [relay]. Prints JSON: by which way
// media goes, how many pictures were decoded and sent, and what the connection test says of each hop.
import { openTrusting } from "./lib/home.mjs";
import { eventually } from "./lib/people.mjs";

const [kind, link, only] = process.argv.slice(2);

const browser = await openTrusting(kind);

/** Runs before the page: nothing but the relay, as where a firewall looks into what is said. */
const relayed = () => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(config = {}) {
      super(config.iceServers?.length ? { ...config, iceTransportPolicy: "relay" } : config);
    }
  };
};

/** The way of each connection that is up. */
const ways = async () => {
  const found = [];
  for (const pc of window.__spec.pcs) {
    if (pc.connectionState !== "connected") continue;
    const stats = [...(await pc.getStats()).values()];
    const pair =
      stats.find(
        (s) => s.id === stats.find((x) => x.type === "transport")?.selectedCandidatePairId,
      ) ?? stats.find((s) => s.type === "candidate-pair" && s.selected);
    const local = stats.find((s) => s.id === pair?.localCandidateId);
    // Who sees itself under another address than the relay told calls it peer-reflexive; these are the relay's (PROTOCOL.md 1.4).
    const relayed = local?.candidateType === "relay" || /^240\./.test(local?.address ?? "");
    if (local) found.push(relayed ? "relay" : local.protocol);
  }
  return found;
};

const hops = () =>
  Object.fromEntries(
    [...document.querySelectorAll(".probe .entries li")].map((li) => [
      li.children[0].textContent,
      li.children[1].textContent.trim(),
    ]),
  );

try {
  const ben = await browser.person("Browser", "green");
  if (only === "relay") {
    if (kind === "chromium") await ben.page.addInitScript(relayed);
    else await ben.page.evaluateOnNewDocument(relayed);
  }
  await ben.join(link);
  const counts = async () => {
    const all = (await ben.stats()).filter((s) => s.kind === "video");
    const sum = (type, field) =>
      all.filter((s) => s.type === type).reduce((n, s) => n + s[field], 0);
    return {
      decoded: sum("inbound-rtp", "framesDecoded"),
      sent: sum("outbound-rtp", "framesSent"),
    };
  };
  await eventually(
    "pictures go both ways",
    async () => {
      const c = await counts();
      if (c.decoded > 10 && c.sent > 10) return true;
      throw new Error(JSON.stringify(c));
    },
    { timeout: 40_000, every: 300 },
  );
  const report = { ways: await ben.evaluate(ways), ...(await counts()) };
  await ben.press("Leave");
  await ben.goto(`${new URL(link).origin}/test`);
  await eventually(
    "the connection test is over",
    () => ben.evaluate(() => document.querySelector(".probe .found strong") !== null),
    { timeout: 60_000 },
  );
  report.hops = await ben.evaluate(hops);
  report.verdict = await ben.evaluate(() => document.querySelector(".probe .found").innerText);
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
}
