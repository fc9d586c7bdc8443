// Starts and stops the real server and the Go participant, each as its own process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = (name) => `${root}bin/${name}`;

/** Runs `incamera serve` and resolves when it prints its URL. prefix puts it behind another command (ip netns exec …). */
export async function startServer({
  listen = "127.0.0.1:0",
  args = [],
  prefix = [],
  env = {},
} = {}) {
  const [command, ...rest] = [
    ...prefix,
    bin("incamera"),
    "serve",
    "--listen",
    listen,
    "--metrics",
    "",
    ...args,
  ];
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const log = [];
  const printed = [];
  child.stderr.on("data", (b) => {
    log.push(b.toString());
    if (process.env.V) process.stderr.write(b);
  });
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      printed.push(line);
      const found = line.match(/Incamera is ready: (https?:\/\/\S+)/);
      if (found) resolve(found[1].replace(/\/$/, ""));
    });
    child.once("exit", (code) =>
      reject(new Error(`incamera serve ended with ${code}: ${log.join("")}`)),
    );
    child.once("error", reject);
  });
  const port = Number(new URL(url).port);
  return {
    url,
    port,
    pid: child.pid,
    child,
    log: () => log.join(""),
    printed: () => printed.join("\n"),
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
}

/** Makes a meeting from the command line; resolves to its link. */
export async function newRoom(url, title = "Specs") {
  const out = await collect(
    spawn(bin("incamera-peer"), ["new", "--server", url, "--title", title]),
  );
  const link = out.split("\n").find((l) => l.includes("#1."));
  if (!link) throw new Error(`incamera-peer new printed no link: ${out}`);
  return link.trim();
}

/** Runs `incamera-peer join`; report() asks it to leave and resolves to its JSON report. */
export function startPeer(link, { name = "Field office", args = [] } = {}) {
  const child = spawn(bin("incamera-peer"), ["join", link, "--name", name, "--json", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out = [];
  const err = [];
  child.stdout.on("data", (b) => out.push(b));
  child.stderr.on("data", (b) => {
    err.push(b);
    if (process.env.V) process.stderr.write(b);
  });
  const ended = once(child, "close"); // after its exit, when all that it printed is here
  return {
    child,
    stderr: () => Buffer.concat(err).toString(),
    async report() {
      if (child.exitCode === null) child.kill("SIGINT");
      return this.ended();
    },
    /** The same of one whose session somebody else ends. */
    async ended() {
      const [code] = await ended;
      const text = Buffer.concat(out).toString();
      if (code !== 0) throw new Error(`incamera-peer ended with ${code}: ${Buffer.concat(err)}`);
      return JSON.parse(text);
    },
    /** Leaves; of several, all do. */
    async leave() {
      if (child.exitCode === null) child.kill("SIGINT");
      await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function collect(child) {
  const out = [];
  const err = [];
  child.stdout.on("data", (b) => out.push(b));
  child.stderr.on("data", (b) => err.push(b));
  const [code] = await once(child, "close");
  if (code !== 0)
    throw new Error(`${child.spawnargs.join(" ")} ended with ${code}: ${Buffer.concat(err)}`);
  return Buffer.concat(out).toString();
}
