// A home for a browser that trusts the authority that SSL_CERT_FILE names: of a server with a certificate of its own.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChromium, openFirefox } from "./people.mjs";

/** Has whoever uses the folder trust the server's own authority, which the test gives as others would get it. */
function trust(folder) {
  mkdirSync(folder, { recursive: true });
  const certutil = (...args) =>
    execFileSync("certutil", ["-d", `sql:${folder}`, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  certutil("-N", "--empty-password");
  certutil("-A", "-n", "Incamera", "-t", "C,,", "-i", process.env.SSL_CERT_FILE);
}

/** Opens a browser with a home of its own, which goes with it. */
export async function openTrusting(kind) {
  const home = mkdtempSync(join(tmpdir(), "incamera-home-"));
  trust(kind === "chromium" ? join(home, ".pki/nssdb") : join(home, "profile"));
  process.env.HOME = home;
  const browser =
    kind === "chromium"
      ? await openChromium()
      : await openFirefox({ profile: join(home, "profile") });
  return {
    ...browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
