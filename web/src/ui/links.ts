/** Addresses in what people write: pure. */

export type Piece = { text: string } | { text: string; href: string };

const ADDRESS = /https?:\/\/[^\s<>"“”«»]+/giu;
/** What ends a sentence is no part of the address; a closing bracket only if it was opened in it. */
const AFTER = /[.,;:!?'’…]+$/u;

function trimmed(address: string): string {
  let a = address.replace(AFTER, "");
  for (const [open, close] of [
    ["(", ")"],
    ["[", "]"],
  ] as const) {
    while (a.endsWith(close) && a.split(close).length > a.split(open).length)
      a = a.slice(0, -1).replace(AFTER, "");
  }
  return a;
}

/**
 * What may be followed by a click, or null: http and https, without a name before the host, which is there to deceive. A host in other
 * letters than Latin ones is shown by the browser as it is asked for, so that lookalikes show.
 */
function hrefOf(address: string): string | null {
  try {
    const url = new URL(address);
    const web = url.protocol === "https:" || url.protocol === "http:";
    return web && url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}

/** Cuts a text into plain pieces and addresses; joined they are the text again. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    const href = hrefOf(address);
    if (!href) continue;
    if (found.index > at) out.push({ text: text.slice(at, found.index) });
    out.push({ text: address, href });
    at = found.index + address.length;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

/** The host that is asked for, where it does not stand in the text as it is. */
export function hiddenHost(text: string, href: string): string {
  const { host } = new URL(href);
  return text.toLowerCase().includes(host) ? "" : host;
}
