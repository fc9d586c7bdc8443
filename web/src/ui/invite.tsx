/** Ways to bring others in: the link, a code to scan, a file for the calendar. All are made in this browser. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { calendarFile } from "../call/calendar";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { CloseIcon, LinkIcon } from "./icons";

/** Opens the sheet. */
export function InviteMore({ model }: { model: MeetingModel }) {
  const open = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="plain small"
        onClick={() => {
          open.value = true;
        }}
      >
        {t("Code and calendar")}
      </button>
      {open.value && (
        <InviteSheet
          model={model}
          close={() => {
            open.value = false;
          }}
        />
      )}
    </>
  );
}

function InviteSheet({ model, close }: { model: MeetingModel; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const link = model.link.value;
  return (
    <dialog ref={dialog} class="sheet invite" aria-labelledby="invite-title" onClose={close}>
      <header class="panel-head">
        <h2 id="invite-title">{t("Invite")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close invite")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <Code link={link} />
      <div class="joined">
        <input
          class="field mono"
          dir="ltr"
          readOnly
          aria-label={t("Invitation link")}
          value={link}
          onFocus={(e) => e.currentTarget.select()}
        />
        <button type="button" class="primary" onClick={() => model.copyLink()}>
          <LinkIcon />
          {t("Copy")}
        </button>
      </div>
      <p class="hint">
        {t("Whoever has the link, the code or the file can join. Use a way you trust.")}
      </p>
      <Calendar title={model.title.value} link={link} />
    </dialog>
  );
}

/** The code of the link, when its drawing has been loaded. */
function Code({ link }: { link: string }) {
  const drawn = useSignal<JSX.Element | null>(null);
  useEffect(() => {
    import("./qr").then(
      ({ Qr }) => {
        drawn.value = <Qr text={link} label={t("QR code of the invitation link")} />;
      },
      () => {}, // the network is away: the link is below
    );
  }, [link]);
  return <div class="qr-box">{drawn.value}</div>;
}

const QUARTER = 900_000; // ms
const DURATIONS = [15, 30, 45, 60, 90, 120]; // minutes

/** The next full quarter of an hour, as a field for date and time writes it, in the time of the place. */
export function nextQuarter(now: number): string {
  const at = new Date(Math.ceil((now + 1) / QUARTER) * QUARTER);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), QUARTER / 15); // a minute: some browsers read it late
}

function Calendar({ title, link }: { title: string; link: string }) {
  const id = useId();
  const when = useSignal(nextQuarter(Date.now()));
  const minutes = useSignal(30);
  const write = (): void => {
    const start = new Date(when.value).getTime();
    if (Number.isNaN(start)) return; // the browser marks the empty field
    const text = calendarFile({
      title: title || t("Meeting"),
      link,
      start,
      minutes: minutes.value,
      stamp: Date.now(),
      uid: crypto.randomUUID(),
    });
    save("meeting.ics", "text/calendar;charset=utf-8", text);
  };
  return (
    <form
      class="calendar"
      onSubmit={(e) => {
        e.preventDefault();
        write();
      }}
    >
      <h3>{t("For the calendar")}</h3>
      <div class="calendar-when">
        <div class="labelled">
          <label for={`${id}-when`}>{t("Begins")}</label>
          <input
            id={`${id}-when`}
            class="field"
            type="datetime-local"
            required
            value={when.value}
            onInput={(e) => {
              when.value = e.currentTarget.value;
            }}
          />
        </div>
        <div class="labelled">
          <label for={`${id}-long`}>{t("Takes")}</label>
          <select
            id={`${id}-long`}
            class="field"
            onChange={(e) => {
              minutes.value = Number(e.currentTarget.value);
            }}
          >
            {DURATIONS.map((m) => (
              <option key={m} value={m} selected={m === minutes.value}>
                {t("{n} min", { n: String(m) })}
              </option>
            ))}
          </select>
        </div>
      </div>
      <button type="submit" class="plain small">
        {t("Save calendar file")}
      </button>
    </form>
  );
}
