/** A part that is loaded when it is first shown; nothing is shown until then. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
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
  };
}
