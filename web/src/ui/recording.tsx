/** Recording: how it begins, and what everybody sees of it. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { arrange } from "./arrange";
import { CloseIcon } from "./icons";
import { listNames } from "./text";

/** px of the recorded picture. */
const STAGE = { width: 1280, height: 720 };
/** Fewer characters are guessed by who has the file. */
const SHORTEST = 8;

export function RecordSheet({ model, close }: { model: MeetingModel; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const id = useId();
  const sealed = useSignal(true);
  const words = useSignal("");
  const short = sealed.value && [...words.value.trim()].length < SHORTEST;
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={close}>
      <header class="panel-head">
        <h2 id={id}>{t("Record this meeting")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <form
        class="setting"
        onSubmit={(e) => {
          e.preventDefault();
          if (short) return;
          model.recording.start(sealed.value ? words.value.trim() : null);
          dialog.current?.close();
        }}
      >
        <p>
          {t(
            "Everybody is told before it begins, and as long as it goes on. The recording is written in this browser; the server gets nothing of it.",
          )}
        </p>
        <label class="device-row">
          <span class="grow">{t("Seal it with a passphrase")}</span>
          <input
            type="checkbox"
            role="switch"
            class="switch"
            checked={sealed.value}
            aria-checked={sealed.value}
            onChange={(e) => {
              sealed.value = e.currentTarget.checked;
            }}
          />
        </label>
        {sealed.value ? (
          <div class="labelled">
            <label for={`${id}-words`}>{t("Passphrase")}</label>
            <input
              id={`${id}-words`}
              class="field"
              type="text"
              autocomplete="off"
              spellcheck={false}
              aria-describedby={`${id}-hint`}
              value={words.value}
              onInput={(e) => {
                words.value = e.currentTarget.value;
              }}
            />
            <p class="soft" id={`${id}-hint`}>
              {t(
                "At least 8 characters, better several words. Write it down: without it nobody opens the recording, you neither. To open it: incamera-peer open-recording FILE",
              )}
            </p>
          </div>
        ) : (
          <p class="soft">{t("Whoever gets at the file can watch it.")}</p>
        )}
        <button type="submit" class="primary" disabled={short}>
          {t("Tell everybody and record")}
        </button>
      </form>
    </dialog>
  );
}

/** Who records, for everybody to see as long as it lasts; read out when it changes. */
export function RecordingChip({ model }: { model: MeetingModel }) {
  const { recording } = model;
  const by = recording.by.value;
  const own = recording.state.value;
  const names = model.people.value.filter((p) => by.has(p.session) && !p.self).map((p) => p.name);
  const text =
    own === "telling"
      ? t("Telling the others…")
      : own !== "off"
        ? t("You are recording")
        : names.length > 0
          ? t("{names}: recording", { names: listNames(names) })
          : "";
  return (
    <>
      {text && (
        <p class="recording-chip">
          <span class="red-dot" aria-hidden="true" />
          <span>{text}</span>
          {(own === "on" || own === "telling") && (
            <button type="button" class="plain small" onClick={() => recording.stop()}>
              {t("Stop")}
            </button>
          )}
        </p>
      )}
      <span class="hidden" role="status">
        {text}
      </span>
    </>
  );
}

/** Places the stage in the recording: as it is on the screen, at a size of its own. */
export function RecordedStage({ model }: { model: MeetingModel }) {
  const { layout, recording } = model;
  const on = recording.state.value === "on";
  const { boxes } = arrange(model.tiles.value, STAGE, {
    mode: layout.mode.value,
    pinned: layout.pinned.value,
    lit: model.spotlight.key.value,
    lead: layout.lead.value.session,
    ownHidden: layout.ownHidden.value,
    ownPlace: "",
    page: layout.page.value,
  });
  const key = [...boxes].map(([k, b]) => `${k} ${b.left} ${b.top} ${b.width} ${b.height}`).join();
  useEffect(() => {
    if (on) recording.place(boxes);
  }, [on, key]);
  return null;
}
