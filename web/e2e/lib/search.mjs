// Looks for a phrase in every form in which it could lie in bytes: UTF-8, UTF-16, hexadecimal, base64 in each alignment.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

export function formsOf(phrase) {
  const bytes = Buffer.isBuffer(phrase) ? phrase : Buffer.from(phrase, "utf8");
  const forms = new Map([
    ["bytes", bytes],
    ["hex", Buffer.from(bytes.toString("hex"))],
    ["HEX", Buffer.from(bytes.toString("hex").toUpperCase())],
  ]);
  if (!Buffer.isBuffer(phrase)) forms.set("utf-16", Buffer.from(phrase, "utf16le"));
  for (const shift of [0, 1, 2]) {
    // The characters at both ends also depend on neighbours, so they are left out.
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const inner = text.slice(shift === 0 ? 0 : shift + 1, -1);
    forms.set(`base64+${shift}`, Buffer.from(inner));
    forms.set(`base64url+${shift}`, Buffer.from(inner.replaceAll("+", "-").replaceAll("/", "_")));
  }
  return forms;
}

/** Returns "label as form" for each phrase found in the bytes. */
export function find(bytes, phrases) {
  const hits = [];
  for (const [label, phrase] of Object.entries(phrases)) {
    for (const [form, needle] of formsOf(phrase))
      if (bytes.includes(needle)) hits.push(`${label} as ${form}`);
  }
  return hits;
}

/** Gives the memory of a live process that it can read, part by part, the parts overlapping; each lies in one buffer that is used again. */
function* memoryOf(pid, wanted, overlap) {
  const mem = openSync(`/proc/${pid}/mem`, "r");
  const chunk = Buffer.alloc((8 << 20) + overlap);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
      const m = line.match(/^([0-9a-f]+)-([0-9a-f]+) (r\S+) /);
      if (!m?.[3].startsWith(wanted) || line.includes("[vvar") || line.includes("[vsyscall"))
        continue;
      const end = BigInt(`0x${m[2]}`);
      for (let at = BigInt(`0x${m[1]}`); at < end; at += BigInt(chunk.length - overlap)) {
        const length = Number(end - at < BigInt(chunk.length) ? end - at : BigInt(chunk.length));
        let n = 0;
        try {
          n = readSync(mem, chunk, 0, length, at);
        } catch {
          continue; // reserved, never used
        }
        yield chunk.subarray(0, n);
      }
    }
  } finally {
    closeSync(mem);
    chunk.fill(0);
  }
}

/** Searches the readable memory of a live process. Returns hits and how much was read. */
export function findInMemory(pid, phrases) {
  const hits = new Set();
  let total = 0;
  for (const part of memoryOf(pid, "r", 4096)) {
    total += part.length;
    for (const hit of find(part, phrases)) hits.add(hit);
  }
  return { hits: [...hits], total };
}

/** What the copies of secrets that are kept here are XORed with, so that they are not themselves what is found. */
export const MASK = 0x5a;

/** How often each masked secret, of 64 bytes at most, is in the memory that a live process can write, and how much that is. */
export function countInMemory(pid, masked) {
  const plain = masked.map((m) => Buffer.from(m.map((v) => v ^ MASK)));
  const overlap = 63; // what lies wholly in it is counted twice
  const found = masked.map(() => 0);
  let total = 0;
  for (const part of memoryOf(pid, "rw", overlap)) {
    total += part.length;
    for (const [i, p] of plain.entries())
      for (let at = part.indexOf(p); at >= 0; at = part.indexOf(p, at + 1)) found[i]++;
  }
  for (const p of plain) p.fill(0);
  return { found, total };
}

/** All processes that came of this one: { pid, name }, the name with what a browser's process is for. */
export function descendants(of = process.pid) {
  const all = new Map();
  for (const entry of readdirSync("/proc").filter((e) => /^\d+$/.test(e))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [, name, parent] = stat.match(/\((.*)\) \S (\d+)/s);
      const type = readFileSync(`/proc/${entry}/cmdline`, "utf8").match(/--type=([\w-]+)/)?.[1];
      all.set(Number(entry), { parent: Number(parent), name: type ? `${name} ${type}` : name });
    } catch (e) {
      if (e.code !== "ENOENT" && e.code !== "ESRCH") throw e; // it has ended
    }
  }
  const within = (pid) => pid === of || (all.has(pid) && within(all.get(pid).parent));
  return [...all]
    .filter(([pid]) => pid !== of && within(pid))
    .map(([pid, { name }]) => ({ pid, name }));
}

export function findOnDisk(folder, phrases) {
  const hits = [];
  let files = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    files++;
    hits.push(...find(readFileSync(path), phrases).map((h) => `${h} in ${name}`));
  }
  return { hits, files };
}
