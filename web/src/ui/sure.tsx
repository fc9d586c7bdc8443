/** A button that asks once more. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../call/words";

interface SureProps {
  /** What the first button says, and what it is called for those who do not see where it stands. */
  word: string;
  label?: string;
  question: string;
  yes: string;
  run: () => void;
  children?: ComponentChildren;
}

/** Asks once more, with the focus on what does nothing: a double click does no harm. */
export function Sure({ word, label, question, yes, run, children }: SureProps) {
  const asking = useSignal(false);
  const asked = useRef(false);
  const first = useRef<HTMLButtonElement>(null);
  const id = useId();
  const sure = asking.value;
  useEffect(() => {
    if (asked.current) first.current?.focus();
  }, [sure]);
  const ask = (on: boolean) => (): void => {
    asked.current = true;
    asking.value = on;
  };
  if (!sure)
    return (
      <button
        key="ask"
        ref={first}
        type="button"
        class="plain small"
        aria-label={label}
        onClick={ask(true)}
      >
        {word}
      </button>
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a question in a panel, not a form's part
    <div key="question" class="sure" role="group" aria-labelledby={id}>
      <p id={id}>{question}</p>
      {children}
      <button ref={first} type="button" class="plain small" onClick={ask(false)}>
        {t("Cancel")}
      </button>
      <button type="button" class="plain small danger" onClick={run}>
        {yes}
      </button>
    </div>
  );
}
