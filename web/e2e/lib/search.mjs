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

/** Searches the readable, writable memory of a live process. Returns hits and how much was read. */
export function findInMemory(pid, phrases) {
  const hits = new Set();
  let total = 0;
  const mem = openSync(`/proc/${pid}/mem`, "r");
  const overlap = 4096;
  const chunk = Buffer.alloc((8 << 20) + overlap);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
      const m = line.match(/^([0-9a-f]+)-([0-9a-f]+) (r\S+) /);
      if (!m || line.includes("[vvar") || line.includes("[vsyscall")) continue;
      const end = BigInt(`0x${m[2]}`);
      for (let at = BigInt(`0x${m[1]}`); at < end; at += BigInt(chunk.length - overlap)) {
        const length = Number(end - at < BigInt(chunk.length) ? end - at : BigInt(chunk.length));
        let n = 0;
        try {
          n = readSync(mem, chunk, 0, length, at);
        } catch {
          continue; // reserved, never used
        }
        total += n;
        for (const hit of find(chunk.subarray(0, n), phrases)) hits.add(hit);
      }
    }
  } finally {
    closeSync(mem);
  }
  return { hits: [...hits], total };
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
