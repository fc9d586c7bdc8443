// What attacks on a page have in common: a server, a liar before it, pages, peers and a hostile member; what opens is closed in the end.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { openChromium } from "./people.mjs";
import { root, startPeer, startServer } from "./server.mjs";
import { startTamper } from "./tamper.mjs";
import { summary, Trial } from "./trial.mjs";

const small = { width: 320, height: 180, rate: 12 };

/** Describes a suite; define gets attack(name, { claim | admitted }, run). The last line that it prints counts them. */
export function attacks(title, define) {
  describe(title, { timeout: 300_000 }, () => {
    let server;
    let chromium;
    let dir;
    const trials = [];
    let failed = 0;
    before(async () => {
      server = await startServer();
      chromium = await openChromium();
    });
    after(async () => {
      console.log(summary(trials, failed));
      await chromium?.close();
      await server?.stop();
      if (dir) rmSync(dir, { recursive: true, force: true });
    });

    /** Builds the hostile member, which is not among what is shipped. */
    function hostile() {
      if (!dir) {
        dir = mkdtempSync(join(tmpdir(), "incamera-attack-"));
        execFileSync("go", ["build", "-o", `${dir}/`, "./cmd/incamera-attack"], { cwd: root });
      }
      return join(dir, "incamera-attack");
    }

    /** Carries one attack out. lies may be changed while it runs. */
    function attack(name, told, run) {
      it(name, async () => {
        const t = new Trial(name, told);
        const lies = {};
        const open = [];
        const tamper = await startTamper(server, lies);
        const page = async (who, look, options = {}) => {
          const p = await chromium.person(who, look, { ...small, ...options });
          open.push(() => p.close());
          return p;
        };
        const peer = (link, who, args = []) => {
          const p = startPeer(link, { name: who, args });
          open.push(() => p.kill());
          return p;
        };
        const mallory = (link) => {
          const m = startMember(hostile(), link);
          open.push(() => m.kill());
          return m;
        };
        try {
          await run({ server, t, lies, tamper, page, peer, mallory });
          trials.push(t);
        } catch (e) {
          failed++;
          t.failed = String(e.message ?? e).split("\n")[0];
          throw e;
        } finally {
          await Promise.allSettled(open.reverse().map((f) => f()));
          await tamper.stop();
          console.log(t.print());
        }
        assert.ok(!t.bad, `${name}: ${told.claim} does not hold`);
      });
    }
    define(attack);
  });
}

/** A member that keeps to no rules. said(line) resolves when it has said that; order(line) tells it what to do. */
function startMember(program, link) {
  const child = spawn(program, ["--join", link], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = [];
  let wake = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  return {
    order: (line) => child.stdin.write(`${line}\n`),
    async said(line) {
      while (!lines.includes(line)) {
        const code = await Promise.race([
          new Promise((r) => {
            wake = r;
          }),
          ended,
        ]);
        if (code) throw new Error(`the hostile member ended before it said “${line}”`);
      }
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
