/** Small parts that several screens use. */
import { useEffect, useId, useRef } from "preact/hooks";
import type { DeviceChoice, Problem } from "../call/model";

/** A video that shows a stream, silently: sound is played elsewhere. */
export function Video({ stream, mirrored }: { stream: MediaStream | null; mirrored?: boolean }) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (video && video.srcObject !== stream) {
      video.srcObject = stream;
      if (stream) video.play().catch(() => {}); // replaced meanwhile
    }
  }, [stream]);
  return <video ref={ref} class={mirrored ? "mirrored" : ""} autoplay playsInline muted aria-hidden="true" />;
}

export function ProblemNote({ problem }: { problem: Problem }) {
  return (
    <div class="problem" role="alert">
      <strong>{problem.title}</strong>
      <p>{problem.text}</p>
      {problem.action && (
        <button type="button" class="plain" onClick={problem.action.run}>
          {problem.action.label}
        </button>
      )}
    </div>
  );
}

export function DeviceSelect({ label, choice, choose }: { label: string; choice: DeviceChoice; choose: (id: string) => void }) {
  const id = useId();
  if (choice.devices.length === 0) return null;
  return (
    <div class="select">
      <label for={id}>{label}</label>
      <select id={id} value={choice.chosen} onChange={(e) => choose(e.currentTarget.value)}>
        {choice.devices.map((d) => (
          <option key={d.id} value={d.id}>
            {d.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The first letters of a name, for a tile without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** Reports a size whenever it changes. */
export function useSize(f: (width: number, height: number) => void) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => f(element.clientWidth, element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return ref;
}
