/**
 * The first screens as they are before anything is known, for the pages that the build writes: who opens one sees it before its
 * script is there. No part of the client.
 */
import { createApp } from "../call/app";
import { FakeBrowser, theFragment, theRoom } from "../call/fake";
import { App } from "./app";
import { drawn } from "./paper";

function draw(path: string, fragment: string): string {
  const { env } = new FakeBrowser({ path, search: "", fragment });
  return drawn(<App model={createApp(env)} />);
}

/** What is in #app, as HTML, by page. */
export const shells = {
  index: draw("/", ""),
  room: draw(`/r/${theRoom}`, theFragment),
  /** The operators' page and the connection test draw themselves when their scripts are there. */
  bare: "",
};
