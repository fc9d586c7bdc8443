/** The crypto worker: the only place in the page that holds a key. It imports nothing from outside this folder but @noble. */
import { systemClock } from "./clock";
import { openKeyStore } from "./device";
import { Engine } from "./engine";
import type { FromWorker, ToWorker } from "./protocol";
import type { TransformEvent } from "./transform";

interface Scope {
  postMessage(m: FromWorker): void;
  onmessage: ((e: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((e: TransformEvent) => void) | null;
}
const scope = self as unknown as Scope;
const engine = new Engine((m) => scope.postMessage(m), systemClock, openKeyStore);

scope.onmessage = (e) => void engine.handle(e.data);
scope.onrtctransform = (e) => engine.transforms.attach(e.transformer);
