/** When the screens are drawn. */
import { options } from "preact";

/**
 * From now on what has changed is drawn in a task of its own, and not at the end of the one that changed it: a burst of messages is
 * drawn once, and neither they nor the drawing wait for all of both. A timer would do the same, but rarely in a tab that is hidden.
 */
export function drawApart(): void {
  const { port1, port2 } = new MessageChannel();
  let draw = (): void => {};
  port2.onmessage = () => draw();
  options.debounceRendering = (f) => {
    draw = f;
    port1.postMessage(null);
  };
}

/** Ends a task: what waits for it goes on in one of its own, and whatever else has come meanwhile is heard before. */
export function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resume) => {
    port2.onmessage = () => {
      port2.close();
      resume();
    };
    port1.postMessage(null);
  });
}
