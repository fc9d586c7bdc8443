// Builds the client without each defence in turn, in a copy of the sources, and shows that the attack on a page then succeeds:
// node e2e/attack-proof.mjs [name]. Appends a table to docs/attacks.md, unless it is one attack only.
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every attack of attack.spec.mjs, what stands in its way, and the edits that take it out; old stands in the file exactly once. */
const attacks = JSON.parse(readFileSync(new URL("lib/defences.json", import.meta.url), "utf8"));

/** Runs one attack in a tree of sources and returns its verdict. */
function verdict(tree, name) {
  const run = spawnSync(
    process.execPath,
    ["--test", "--test-reporter=tap", `--test-name-pattern=^${name}$`, "e2e/attack.spec.mjs"],
    { cwd: join(tree, "web"), encoding: "utf8" },
  );
  const found = run.stdout.match(/verdict {2}(not prevented|detected|defeated|not carried out)/);
  if (!found) throw new Error(`"${name}" says nothing:\n${run.stdout}${run.stderr}`);
  return found[1];
}

/** A copy of the sources with the edits, built. */
function without(edits) {
  const tree = mkdtempSync(join(tmpdir(), "incamera-attack-"));
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const f of files.trim().split("\n")) {
    mkdirSync(join(tree, dirname(f)), { recursive: true });
    cpSync(join(root, f), join(tree, f));
  }
  symlinkSync(join(root, "web/node_modules"), join(tree, "web/node_modules"));
  for (const e of edits) {
    const text = readFileSync(join(tree, e.file), "utf8");
    const n = text.split(e.old).length - 1;
    if (n !== 1)
      throw new Error(
        `taking a defence out of ${e.file}: ${JSON.stringify(e.old)} stands there ${n} times, not once; the edit must follow the sources`,
      );
    writeFileSync(
      join(tree, e.file),
      text.replace(e.old, () => e.new),
    );
  }
  execFileSync(process.execPath, ["build.mjs"], { cwd: join(tree, "web"), stdio: "pipe" });
  execFileSync("go", ["build", "-o", "bin/", "./cmd/incamera", "./cmd/incamera-peer"], {
    cwd: tree,
  });
  return tree;
}

const rows = [];
let bad = 0;
const only = process.argv[2];
for (const a of attacks.filter((x) => !only || x.name === only)) {
  let outcome = verdict(root, a.name);
  if (a.edits.length > 0) {
    const tree = without(a.edits);
    try {
      const then = verdict(tree, a.name);
      if (then !== "not prevented") bad++;
      outcome = `with it ${outcome}, without it ${then}`;
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  }
  console.log(`${a.name}: ${outcome}`);
  const line = (code) => code.replace(/\s+/g, " ").replaceAll("|", "\\|");
  const where =
    a.edits.map((e) => `\`${e.file}\`: \`${line(e.old)}\` becomes \`${line(e.new)}\``).join("; ") ||
    "–";
  rows.push(`| ${a.name} | ${a.defence} | ${where} | ${outcome} |`);
}
if (bad > 0) {
  console.error(`attack-proof: ${bad} attacks do not succeed without their defence`);
  process.exit(1);
}
if (!only)
  appendFileSync(
    `${root}docs/attacks.md`,
    `\n## On a page in a real browser\n\n| attack | defence | edit that takes it out | outcome |\n|---|---|---|---|\n${rows.join("\n")}\n`,
  );
