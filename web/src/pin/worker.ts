/** The service worker. It does not change with the versions that it keeps: a browser asks the server for another one time and again. */
import { asText, Pin, type ToPin, wayOf } from "./pin";

/** Not in TypeScript's lib for pages. */
interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(p: Promise<Response>): void;
}
const worker = self as unknown as EventTarget & {
  location: Location;
  clients: { claim(): Promise<void> };
};

const pin = new Pin({
  caches,
  fetch: (path) => fetch(path, { cache: "no-store", credentials: "omit", redirect: "error" }),
  now: () => Date.now(),
});

worker.addEventListener("install", (e) => (e as Extendable).waitUntil(pin.first()));
worker.addEventListener("activate", (e) => (e as Extendable).waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const e = event as Fetching;
  const { request } = e;
  const url = new URL(request.url); // a fragment is in it, and is not looked at
  if (url.origin !== worker.location.origin) return;
  const way = wayOf(request, url.pathname);
  if (way === "kept")
    e.respondWith(pin.answer(url.pathname).then((kept) => kept ?? fetch(request)));
  else if (way === "text") e.respondWith(fetch(request).then(asText));
});

worker.addEventListener("message", (event) => {
  const e = event as Extendable & MessageEvent<ToPin>;
  e.waitUntil(pin.handle(e.data).then((status) => e.ports[0]?.postMessage(status)));
});
