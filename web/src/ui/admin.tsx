/** The operators' page. */
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useId } from "preact/hooks";
import { Admin, type AdminModel, events, type Line, type Pass, type Room } from "../call/admin";
import type { Env } from "../call/env";
import { firstLanguage, language, speak, t, tn } from "../call/words";
import { Operators } from "../wire/operators";
import { Head } from "./parts";
import { ProblemNote } from "./problem";
import { regional } from "./text";

const LINES = 50; // of the log that are shown
const LIVES = [24, 72, 168, 720, 8760]; // hours

function days(hours: number): string {
  const n = hours / 24;
  return tn(n, "{n} day", "{n} days");
}

function when(at: number): string {
  return new Intl.DateTimeFormat(regional(), {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(at);
}

export function showAdmin(env: Env, root: HTMLElement): void {
  void speak(firstLanguage(env.browser, env.languages));
  const model = new Admin(env, (secret) => new Operators(secret));
  render(<AdminPage model={model} />, root);
}

export function AdminPage({ model }: { model: AdminModel }) {
  const rooms = model.rooms.value;
  const problem = model.problem.value;
  const lang = language.value;
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = `${t("Run this server")} · Incamera`;
  }, [lang]);
  return (
    <div class="app admin">
      <Head />
      <main class="ledger">
        <div class="ledger-head">
          <h1 tabIndex={-1}>{t("Run this server")}</h1>
          <p class="soft">
            {t(
              "Who may make meetings, and which there are. What is said in them, and by whom, is not known here.",
            )}
          </p>
          <p role="status" class="hint">
            {t(model.told.value)}
          </p>
          {problem && <ProblemNote problem={problem} />}
        </div>
        {rooms && (
          <>
            <Rooms rooms={rooms} model={model} />
            <NewInvite model={model} />
            <Passes model={model} />
            <Log model={model} />
          </>
        )}
        <p>
          <a href="/">{t("Back to the start")}</a>
        </p>
      </main>
    </div>
  );
}

function Rooms({ rooms, model }: { rooms: Room[]; model: AdminModel }) {
  const asked = useSignal("");
  const heading = useId();
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading}>{t("Meetings now")}</h2>
      {rooms.length === 0 && <p class="soft">{t("There is none.")}</p>}
      <ul class="entries">
        {rooms.map((r) => (
          <li key={r.id}>
            <span class="mono">{r.id.slice(0, 6)}</span>
            <span>{tn(r.people, "{n} person", "{n} people")}</span>
            <span class="soft">{t("since {time}", { time: when(r.since) })}</span>
            {asked.value === r.id ? (
              <span class="row">
                <button
                  type="button"
                  class="plain small danger"
                  onClick={() => {
                    asked.value = "";
                    model.endRoom(r.id);
                  }}
                >
                  {t("End it for everybody")}
                </button>
                <button
                  type="button"
                  class="plain small"
                  onClick={() => {
                    asked.value = "";
                  }}
                >
                  {t("Cancel")}
                </button>
              </span>
            ) : (
              <button
                type="button"
                class="plain small"
                aria-label={t("End meeting {id}", { id: r.id.slice(0, 6) })}
                onClick={() => {
                  asked.value = r.id;
                }}
              >
                {t("End")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function NewInvite({ model }: { model: AdminModel }) {
  const uses = useSignal(1);
  const hours = useSignal(168);
  const note = useSignal("");
  const id = useId();
  const made = model.made.value;
  return (
    <section aria-labelledby={`${id}-h`}>
      <h2 id={`${id}-h`}>{t("Invite somebody to make meetings")}</h2>
      <form
        class="ledger-form"
        onSubmit={(e) => {
          e.preventDefault();
          model.invite(uses.value, hours.value, note.value.trim());
          note.value = "";
        }}
      >
        <div class="labelled">
          <label for={`${id}-u`}>{t("Meetings")}</label>
          <select
            id={`${id}-u`}
            class="field"
            value={uses.value}
            onChange={(e) => {
              uses.value = Number(e.currentTarget.value);
            }}
          >
            {[1, 3, 10, 0].map((n) => (
              <option key={n} value={n}>
                {n === 0 ? t("Any number") : n}
              </option>
            ))}
          </select>
        </div>
        <div class="labelled">
          <label for={`${id}-l`}>{t("Holds for")}</label>
          <select
            id={`${id}-l`}
            class="field"
            value={hours.value}
            onChange={(e) => {
              hours.value = Number(e.currentTarget.value);
            }}
          >
            {LIVES.map((h) => (
              <option key={h} value={h}>
                {days(h)}
              </option>
            ))}
          </select>
        </div>
        <div class="labelled grow">
          <label for={`${id}-n`}>{t("Note for this list (optional)")}</label>
          <input
            id={`${id}-n`}
            class="field"
            maxLength={60}
            autocomplete="off"
            value={note.value}
            onInput={(e) => {
              note.value = e.currentTarget.value;
            }}
          />
        </div>
        <button type="submit" class="primary">
          {t("Make the invite")}
        </button>
      </form>
      {made && (
        <div class="made">
          <input
            class="field mono"
            readOnly
            value={made}
            aria-label={t("Link of the new invite")}
          />
          <button type="button" class="plain" onClick={() => model.copy()}>
            {t("Copy")}
          </button>
        </div>
      )}
    </section>
  );
}

function kindOf(p: Pass): string {
  switch (p.kind) {
    case "invite":
      return p.uses === null
        ? t("Invite for any number of meetings")
        : tn(p.uses, "Invite for {n} meeting", "Invite for {n} meetings");
    case "admin-link":
      return t("Admin link, not used yet");
    case "admin":
      return t("Operator's browser");
    case "signed-in":
      return t("Somebody who signed in");
    case "token":
      return t("Token of a program");
  }
}

function Passes({ model }: { model: AdminModel }) {
  const heading = useId();
  const passes = model.passes.value;
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading}>{t("Who may make meetings")}</h2>
      <ul class="entries">
        {passes.map((p) => (
          <li key={p.id}>
            <span>
              {kindOf(p)}
              {p.note && <span class="soft"> · {p.note}</span>}
            </span>
            <span class="soft">{t("until {time}", { time: when(p.expires) })}</span>
            <button
              type="button"
              class="plain small"
              aria-label={t("Revoke {what}", { what: `${kindOf(p)} ${p.note}`.trim() })}
              onClick={() => model.revoke(p.id)}
            >
              {t("Revoke")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Log({ model }: { model: AdminModel }) {
  const heading = useId();
  const audit = model.audit.value;
  if (!audit) return null;
  const line = (l: Line) => (
    <li key={l.seq}>
      <span>{t(events[l.event] ?? l.event)}</span>
      <span class="soft mono">{l.subject}</span>
      <span class="soft">{when(l.at)}</span>
    </li>
  );
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading}>{t("What was done")}</h2>
      {audit.altered ? (
        <p class="wrong" role="alert">
          {t("The log was altered: {why}", { why: audit.altered })}
        </p>
      ) : (
        <p class="soft">{t("The log's chain holds. Names and addresses are not in it.")}</p>
      )}
      <ul class="entries">{audit.lines.slice(0, LINES).map(line)}</ul>
    </section>
  );
}
