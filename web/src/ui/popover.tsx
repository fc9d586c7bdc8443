/** A small window above the bar. Escape and a click elsewhere close it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

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
  useEffect(() => {
    const before = document.activeElement;
    const outside = (e: Event): void => {
      const target = e.target as Element;
      if (!root.current?.contains(target) && !target.closest("[data-opens]")) closing.current();
    };
    addEventListener("pointerdown", outside);
    if (focus)
      root.current?.querySelector<HTMLElement>("input:checked, input, button, h2")?.focus();
    return () => {
      removeEventListener("pointerdown", outside);
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
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.stopPropagation();
        close();
      }}
    >
      {children}
    </div>
  );
}
