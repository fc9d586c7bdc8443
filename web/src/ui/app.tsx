/** Chooses the screen. */

import { useEffect, useRef } from "preact/hooks";
import type { AppModel, MeetingModel, Screen } from "../call/model";
import { language, t } from "../call/words";
import { Check } from "./check";
import { Landing } from "./landing";
import { lazy } from "./lazy";
import { Left } from "./left";
import { Stopped } from "./stopped";
import { wear } from "./wear";

/** Not needed to join; fetched while the person looks into the camera. */
const MeetingScreen = lazy<{ model: MeetingModel }>(async () => {
  const [{ MeetingScreen: screen }] = await Promise.all([import("./meeting"), wear()]);
  return screen;
});

/** The browser's history keeps titles: the meeting's own, which is sealed, is not among them. */
const titles: Record<Screen, string> = {
  landing: "Incamera",
  check: "Before you join · Incamera",
  meeting: "Meeting · Incamera",
  left: "You left · Incamera",
  stopped: "Can't go on · Incamera",
};

function useTitle(model: AppModel, screen: Screen): void {
  const unread = screen === "meeting" ? model.meeting.unread.value : 0;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t(titles[screen])}` : t(titles[screen]);
  }, [screen, unread, language.value]);
}

/** Assistive technology and hyphenation go by it. */
function useLanguage(): void {
  const lang = language.value;
  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);
}

export function App({ model }: { model: AppModel }) {
  const screen = model.screen.value;
  const stopped = model.stopped.value;
  const root = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  useTitle(model, screen);
  useLanguage();
  useEffect(() => {
    if (screen === "check") MeetingScreen.preload();
    // Who follows by keyboard or ear is taken to the new screen's heading.
    if (!first.current) root.current?.querySelector<HTMLElement>("h1")?.focus();
    first.current = false;
  }, [screen]);
  return (
    <div ref={root} class="app">
      {screen === "landing" && <Landing app={model} />}
      {screen === "check" && <Check model={model.check} />}
      {screen === "meeting" && <MeetingScreen model={model.meeting} />}
      {screen === "left" && <Left model={model} />}
      {screen === "stopped" && stopped && <Stopped problem={stopped} home={() => model.home()} />}
    </div>
  );
}
