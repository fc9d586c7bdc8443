/** A part that is loaded when it is first shown, or before by preload; nothing is shown until then. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>,
): ComponentType<P> & { preload(): void } {
  let loaded: ComponentType<P> | null = null;
  function Lazy(props: P) {
    const [Part, show] = useState<ComponentType<P> | null>(() => loaded);
    useEffect(() => {
      if (Part) return;
      load().then(
        (part) => {
          loaded = part;
          show(() => part);
        },
        () => {}, // the network is away: the next click tries again
      );
    }, []);
    return Part ? <Part {...props} /> : null;
  }
  const preload = (): void => {
    load().then(
      (part) => {
        loaded = part;
      },
      () => {}, // it is tried again when it is shown
    );
  };
  return Object.assign(Lazy, { preload });
}
