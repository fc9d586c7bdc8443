/** Chooses the screen. */
import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { AppModel, Screen } from "../call/model";
import { Check } from "./check";
import { Landing } from "./landing";
import { Left, Stopped } from "./ends";
import { MeetingScreen } from "./meeting";

const titles: Record<Screen, string> = {
  landing: "Incamera",
  check: "Before you join · Incamera",
  meeting: "Meeting · Incamera",
  left: "You left · Incamera",
  stopped: "Incamera",
};

export function App({ model }: { model: AppModel }) {
  const screen = model.screen.value;
  const root = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  const stopped = useComputed(() => model.stopped.value);
  useEffect(() => {
    document.title = titles[screen];
    // Who follows by keyboard or ear is taken to the new screen's heading.
    if (!first.current) root.current?.querySelector<HTMLElement>("h1")?.focus();
    first.current = false;
  }, [screen]);
  return (
    <div ref={root} class="app">
      {screen === "landing" && <Landing model={model.landing} />}
      {screen === "check" && <Check model={model.check} />}
      {screen === "meeting" && <MeetingScreen model={model.meeting} />}
      {screen === "left" && <Left model={model} />}
      {screen === "stopped" && stopped.value && <Stopped problem={stopped.value} home={() => model.home()} />}
    </div>
  );
}
