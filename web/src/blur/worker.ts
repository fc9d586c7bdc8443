/** Finds people in pictures, apart from the page so that it never waits for it. */
import { readModel } from "./model";
import { Net } from "./net";

export type ToBlurWorker =
  /** address of the model, and how many ticks/s are wanted. Answered by ready or failed. */
  | { type: "begin"; model: string; rate: number }
  /** A picture of the net's size, RGBA. Answered by mask. */
  | { type: "picture"; rgba: ArrayBuffer };

export type FromBlurWorker =
  | { type: "ready"; width: number; height: number }
  | { type: "failed" }
  /** Time for a picture: the page's own timers sleep while its tab is hidden. */
  | { type: "tick" }
  /** RGBA, of which only A counts: 255 where somebody is. */
  | { type: "mask"; rgba: ArrayBuffer };

/** How much of the mask before stays in one: less and its edge flickers, more and it trails behind. */
const KEPT = 0.35;
/** Below and above which it is surely nobody or somebody; between them it fades. */
const NOBODY = 0.3;
const SOMEBODY = 0.75;

let net: Net | null = null;
let last: Float32Array | null = null;

const post = (m: FromBlurWorker, transfer: Transferable[] = []): void =>
  postMessage(m, { transfer });

async function begin(model: string, rate: number): Promise<void> {
  const response = await fetch(model);
  if (!response.ok) throw new Error("blur: the model is not here");
  net = new Net(readModel(new Uint8Array(await response.arrayBuffer())));
  post({ type: "ready", width: net.width, height: net.height });
  setInterval(() => post({ type: "tick" }), 1000 / rate);
}

function find(rgba: ArrayBuffer): void {
  if (!net) return;
  const pixels = new Uint8ClampedArray(rgba);
  const found = net.run(pixels);
  last ??= Float32Array.from(found);
  for (let i = 0; i < found.length; i++) {
    const mixed = last[i]! * KEPT + found[i]! * (1 - KEPT);
    last[i] = mixed;
    pixels[4 * i + 3] = (255 * (mixed - NOBODY)) / (SOMEBODY - NOBODY);
  }
  post({ type: "mask", rgba }, [rgba]);
}

addEventListener("message", (e: MessageEvent<ToBlurWorker>) => {
  if (e.data.type === "picture") find(e.data.rgba);
  else begin(e.data.model, e.data.rate).catch(() => post({ type: "failed" }));
});
