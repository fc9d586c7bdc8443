/** Lets a picture be moved by pointer: it follows, and where it is let go is told. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** px that a pointer moves before it is meant: less, and a click that trembles moves something. */
const MEANT = 8;

/** drop is told the middle of the element where it was let go, in CSS pixels of the window. Without drop nothing moves. */
export function useDrag(drop: ((x: number, y: number) => void) | undefined) {
  const by = useSignal<{ x: number; y: number } | null>(null);
  const stop = useRef(() => {});
  useEffect(() => () => stop.current(), []);
  const begin = (down: PointerEvent): void => {
    if (!drop || down.button !== 0) return;
    const element = down.currentTarget as HTMLElement;
    const move = (e: PointerEvent): void => {
      if (e.pointerId !== down.pointerId) return;
      const to = { x: e.clientX - down.clientX, y: e.clientY - down.clientY };
      if (by.value || Math.hypot(to.x, to.y) >= MEANT) by.value = to;
    };
    const end = (e: PointerEvent): void => {
      if (e.pointerId !== down.pointerId) return;
      const { left, top, width, height } = element.getBoundingClientRect();
      const moved = by.value !== null && e.type === "pointerup";
      stop.current();
      if (!moved) return;
      // It may have been taken by a button on it, which is not pressed by that.
      addEventListener("click", swallow, true);
      setTimeout(() => removeEventListener("click", swallow, true));
      drop(left + width / 2, top + height / 2);
    };
    stop.current();
    stop.current = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      by.value = null;
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  };
  /** by: how far it is from its place; null: it is there. */
  return { by: by.value, begin };
}

function swallow(e: Event): void {
  e.stopPropagation();
  e.preventDefault();
}
