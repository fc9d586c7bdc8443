/** A small window above the bar. Escape and a click elsewhere close it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { UpIcon } from "./icons";

/** px below the lower edge that nobody misses. */
const UNSEEN = 8;

interface PopoverProps {
  label: string;
  kind: string;
  /** It was opened by hand: the focus goes into it. */
  focus: boolean;
  close: () => void;
  children: ComponentChildren;
}

/** What opens a popover carries data-opens: a click there is not one elsewhere. */
export function Popover({ label, kind, focus, close, children }: PopoverProps) {
  const root = useRef<HTMLDivElement>(null);
  const closing = useRef(close);
  closing.current = close;
  const goesOn = useSignal(false);
  const look = (): void => {
    const e = root.current;
    if (e) goesOn.value = e.scrollHeight - e.scrollTop - e.clientHeight > UNSEEN;
  };
  useEffect(look);
  useEffect(() => {
    const before = document.activeElement;
    const outside = (e: Event): void => {
      const target = e.target as Element;
      if (!root.current?.contains(target) && !target.closest("[data-opens]")) closing.current();
    };
    addEventListener("pointerdown", outside);
    addEventListener("resize", look);
    if (focus)
      root.current?.querySelector<HTMLElement>("input:checked, input, button, h2")?.focus();
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("resize", look);
      if (focus && before instanceof HTMLElement && document.activeElement === document.body)
        before.focus();
    };
  }, []);
  return (
    <div
      ref={root}
      class={`popover ${kind}`}
      role="dialog"
      aria-label={label}
      onScroll={look}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.stopPropagation();
        close();
      }}
    >
      {children}
      {goesOn.value && (
        <span class="goes-on" aria-hidden="true">
          <UpIcon />
        </span>
      )}
    </div>
  );
}
