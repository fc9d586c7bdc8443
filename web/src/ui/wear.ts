/** The styles of the meeting's screen: no part of the join page. */

let worn: Promise<void> | null = null;

/** Resolves when they are in force, or when they can't be had: a plain screen is better than none. */
export function wear(): Promise<void> {
  worn ??= new Promise((resolve) => {
    const meta = document.querySelector<HTMLMetaElement>('meta[name="incamera-inside"]');
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = meta?.content ?? "";
    link.onload = () => resolve();
    link.onerror = () => {
      worn = null; // the network may be back next time
      resolve();
    };
    document.head.append(link);
  });
  return worn;
}
