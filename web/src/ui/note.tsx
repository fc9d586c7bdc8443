/** Words of the host to somebody who waits: where they are written, and where they are read. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { type DoorModel, MAX_NOTE } from "../call/model";
import { t } from "../call/words";

interface NoteFormProps {
  door: DoorModel;
  /** To whom. */
  sessions: string[];
  /** What the field is called. */
  label: string;
  /** One may be refused in the same breath. */
  refuses?: boolean;
  close: () => void;
}

export function NoteForm({ door, sessions, label, refuses = false, close }: NoteFormProps) {
  const draft = useSignal("");
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  const blank = draft.value.trim() === "";
  const send = (refuse: boolean): void => {
    if (blank) return;
    door.write(sessions, draft.value);
    if (refuse) for (const s of sessions) door.remove(s);
    close();
  };
  return (
    <form
      class="note-form"
      onSubmit={(e) => {
        e.preventDefault();
        send(false);
      }}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.stopPropagation();
        close();
      }}
    >
      <label for={id}>{label}</label>
      <textarea
        ref={field}
        id={id}
        class="field"
        rows={2}
        maxLength={MAX_NOTE}
        value={draft.value}
        onInput={(e) => {
          draft.value = e.currentTarget.value;
        }}
      />
      <button type="submit" class="primary small" disabled={blank}>
        {t("Send")}
      </button>
      {refuses && (
        <button type="button" class="plain small" disabled={blank} onClick={() => send(true)}>
          {t("Send and refuse")}
        </button>
      )}
    </form>
  );
}

/** What the host wrote. A text, and nothing else: no link in it can be followed. */
export function HostWords({ text }: { text: string }) {
  return (
    <blockquote class="host-words">
      <p class="soft">{t("The host writes:")}</p>
      <p dir="auto">{text}</p>
    </blockquote>
  );
}
