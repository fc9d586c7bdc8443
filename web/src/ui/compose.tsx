import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { AttachIcon, PollIcon } from "./icons";

const EVERYBODY = "";

/** Files that were dropped or pasted; folders and texts are none. */
const filesOf = (data: DataTransfer | null): File[] => [...(data?.files ?? [])];

/** Where one writes, and to whom; what is dropped or pasted here is sent as a file. */
export function Compose({ model, askPoll }: { model: MeetingModel; askPoll: () => void }) {
  const draft = useSignal("");
  const chosen = useSignal(EVERYBODY);
  const over = useSignal(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const others = model.people.value.filter((p) => !p.self);
  // Who has left is no one to write to. What was meant for one is never sent to all: somebody has to choose again.
  const gone = chosen.value !== EVERYBODY && !others.some((p) => p.session === chosen.value);
  const to = chosen.value;
  const barred = model.host.barred.value.chat;
  const shut = gone || barred;
  const takes = model.files.max.value > 0 && !shut;
  const send = (): void => {
    if (!shut && model.sendChat(draft.value, to)) draft.value = "";
  };
  const sendFiles = (files: File[]): void => {
    if (takes && files.length > 0) model.files.send(files, to);
  };
  return (
    <form
      class={`compose${over.value ? " over" : ""}${to ? " private" : ""}`}
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
      onDragOver={(e) => {
        if (!takes || !e.dataTransfer?.types.includes("Files")) return;
        e.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(e) => {
        over.value = false;
        if (filesOf(e.dataTransfer).length === 0) return;
        e.preventDefault(); // or the browser opens it, and the meeting is gone
        sendFiles(filesOf(e.dataTransfer));
      }}
    >
      <div class="compose-to">
        <label for={`${id}-to`}>{t("To")}</label>
        <select
          id={`${id}-to`}
          value={to}
          onChange={(e) => {
            chosen.value = e.currentTarget.value;
          }}
        >
          <option value={EVERYBODY}>{t("Everyone")}</option>
          {gone && (
            <option value={to} disabled>
              {t("has left")}
            </option>
          )}
          {others.map((p) => (
            <option key={p.session} value={p.session}>
              {p.name}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="round ask-poll"
          aria-label={t("New poll")}
          title={t("New poll")}
          disabled={barred}
          onClick={askPoll}
        >
          <PollIcon />
        </button>
        {(barred || to !== EVERYBODY) && (
          <span class="soft" role="status">
            {barred
              ? t("The host does not let you write.")
              : gone
                ? t("This person has left. Choose again.")
                : t("Nobody else can read it.")}
          </span>
        )}
      </div>
      {model.files.max.value > 0 && <Attach takes={takes} send={sendFiles} />}
      <label class="hidden" for={id}>
        {t("Message")}
      </label>
      <textarea
        ref={field}
        id={id}
        class="field"
        rows={1}
        maxLength={4000}
        placeholder={over.value ? t("Drop to send the file") : t("Message")}
        aria-describedby={`${id}-keys`}
        value={draft.value}
        onInput={(e) => {
          draft.value = e.currentTarget.value;
        }}
        onPaste={(e) => {
          const files = filesOf(e.clipboardData);
          if (!takes || files.length === 0) return;
          e.preventDefault();
          sendFiles(files);
        }}
        onKeyDown={(e) => {
          if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
          e.preventDefault();
          send();
        }}
      />
      <button type="submit" class="primary" disabled={shut}>
        {t("Send")}
      </button>
      <span id={`${id}-keys`} class="hidden">
        {t("Enter sends, Shift and Enter begin a new line.")}
      </span>
    </form>
  );
}

function Attach({ takes, send }: { takes: boolean; send: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="round"
        disabled={!takes}
        aria-label={t("Send a file")}
        title={t("Send a file")}
        onClick={() => input.current?.click()}
      >
        <AttachIcon />
      </button>
      <input
        ref={input}
        class="hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        onChange={(e) => {
          send([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = ""; // the same file may be chosen again
        }}
      />
    </>
  );
}
