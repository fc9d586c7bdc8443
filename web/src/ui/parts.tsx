/** Small parts that several screens use. */

import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { brand } from "../call/brand";
import type { DeviceChoice } from "../call/model";
import { Mark } from "./icons";

/** A video that shows a stream, silently: sound is played elsewhere. */
export function Video({ stream, mirrored }: { stream: MediaStream | null; mirrored?: boolean }) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video || video.srcObject === stream) return;
    video.srcObject = stream;
    if (stream) video.play().catch(() => {}); // replaced meanwhile
  }, [stream]);
  return <video ref={ref} class={mirrored ? "mirrored" : ""} autoplay playsInline muted />;
}

/** The mark and the name, above screens that are not a meeting. */
export function Head() {
  return (
    <header class="head">
      <p class="mark">
        <Mark />
        incamera
        <OwnBrand />
      </p>
    </header>
  );
}

/** Whose server this is, where its operator says so. */
function OwnBrand() {
  const own = brand.value;
  if (!own) return null;
  return (
    <span class="own-brand">
      {own.logo && <img src="/brand.png" alt="" />}
      <bdi>{own.name}</bdi>
    </span>
  );
}

/** A text with commands in it, which stand between backticks. */
export function Coded({ text }: { text: string }) {
  return (
    <>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>
  );
}

interface ControlProps {
  /** What it does, for assistive technology and the tooltip. */
  label: string;
  /** What is written on it where there is room. */
  word: string;
  icon: JSX.Element;
  press: () => void;
  kind?: string;
  pressed?: boolean;
  /** The key that does the same. */
  keys?: string;
  count?: number;
  /** The count in words. */
  counted?: string;
  /** Why it can't be pressed; "" when it can. */
  barred?: string;
}

/** A button with an icon, and a word where there is room for it. */
export function Control(props: ControlProps) {
  const { label, word, icon, press, kind = "", pressed, keys = "", count = 0 } = props;
  const { counted, barred = "" } = props;
  return (
    <button
      type="button"
      class={`control ${kind}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={keys || undefined}
      aria-description={barred || (count > 0 ? counted : undefined)}
      aria-disabled={barred !== "" || undefined}
      title={barred || (keys ? `${label} (${keys})` : label)}
      onClick={barred ? undefined : press}
    >
      {icon}
      {word && (
        <span class="word" aria-hidden="true">
          {word}
        </span>
      )}
      {count > 0 && (
        <span class="count" aria-hidden="true" data-count={count > 99 ? "99+" : count} />
      )}
    </button>
  );
}

interface DeviceSelectProps {
  label: string;
  choice: DeviceChoice;
  choose: (id: string) => void;
}

export function DeviceSelect({ label, choice, choose }: DeviceSelectProps) {
  const id = useId();
  if (choice.devices.length === 0) return null;
  return (
    <div class="labelled">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="field"
        value={choice.chosen}
        onChange={(e) => choose(e.currentTarget.value)}
      >
        {choice.devices.map((d) => (
          <option key={d.id} value={d.id} selected={d.id === choice.chosen}>
            {d.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Reports the size of an element at once and whenever it changes. f must not change. */
export function useSize<T extends HTMLElement>(f: (width: number, height: number) => void) {
  const ref = useRef<T>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const tell = (): void => f(element.clientWidth, element.clientHeight);
    tell();
    const observer = new ResizeObserver(tell);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return ref;
}
