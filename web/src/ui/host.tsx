/** What a host can do in the people panel: for everybody, and about one person. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Act, HostModel, MeetingModel, Person } from "../call/model";
import { tileKey } from "../call/tiles";
import { language, t, tn } from "../call/words";
import { Switch } from "./door";
import { MicOffIcon } from "./icons";
import { Sure } from "./sure";
import { isolated } from "./text";

/** The host's part of the people panel, below lobby and lock; others see what holds for them. */
export function HostPanel({ model }: { model: MeetingModel }) {
  const { host } = model;
  const open = useSignal(false);
  const id = useId();
  if (!host.moderates.value) return <RulesNote host={host} />;
  return (
    <>
      <div class="host-row">
        <button type="button" class="plain small" onClick={() => host.mute("", "mic")}>
          <MicOffIcon /> {t("Mute all")}
        </button>
        <button
          type="button"
          class="plain small"
          aria-expanded={open.value}
          aria-controls={id}
          onClick={() => {
            open.value = !open.value;
          }}
        >
          {t("Rules of the meeting")}
        </button>
      </div>
      {open.value && <Rules id={id} host={host} />}
    </>
  );
}

function RulesNote({ host }: { host: HostModel }) {
  const { ends } = host.rules.value;
  if (ends === 0) return null;
  return <p class="soft door-note">{t("The meeting ends at {time}.", { time: clock(ends) })}</p>;
}

const clock = (at: number): string =>
  new Date(at).toLocaleTimeString(language.value, { hour: "2-digit", minute: "2-digit" });

function Rules({ id, host }: { id: string; host: HostModel }) {
  const { withheld } = host.rules.value;
  const may = (act: Act, label: string) => (
    <Switch label={label} on={(withheld & bit[act]) === 0} set={(on) => host.withhold(act, !on)} />
  );
  return (
    <section id={id} class="host-rules" aria-label={t("Rules of the meeting")}>
      <p class="soft">{t("Those who are no hosts may:")}</p>
      <div class="door-switches">
        {may("mic", t("Speak"))}
        {may("camera", t("Show their camera"))}
        {may("screen", t("Share a screen"))}
        {may("chat", t("Write in the chat"))}
      </div>
      <Limits host={host} />
      {host.isHost.value && <ChangeLink host={host} />}
      {host.isHost.value && <EndForAll host={host} />}
    </section>
  );
}

const bit: Readonly<Record<Act, number>> = { mic: 1, camera: 2, screen: 4, chat: 8 };
const MINUTE = 60_000;

const minutes = (n: number): string => tn(n, "{n} minute", "{n} minutes");
const hours = (n: number): string => tn(n, "{n} hour", "{n} hours");
const span = (n: number): string => (n % 60 === 0 && n >= 60 ? hours(n / 60) : minutes(n));

function Limits({ host }: { host: HostModel }) {
  const { full, locks, ends, hostless, keep } = host.rules.value;
  const inTime = (n: number): number => (n === 0 ? 0 : Date.now() + n * MINUTE);
  return (
    <>
      <Choice
        label={t("Ends")}
        now={ends > 0 ? t("at {time}", { time: clock(ends) }) : ""}
        none={t("when the last one leaves")}
        choices={[15, 30, 45, 60, 90, 120].map((n) => [n, t("in {span}", { span: span(n) })])}
        set={(n) => host.rule({ ends: inTime(n) })}
      />
      <Choice
        label={t("Locks by itself")}
        now={locks > 0 ? t("at {time}", { time: clock(locks) }) : ""}
        none={t("never")}
        choices={[5, 10, 15, 30].map((n) => [n, t("in {span}", { span: span(n) })])}
        set={(n) => host.rule({ locks: inTime(n) })}
      />
      <Choice
        label={t("Full with")}
        value={full}
        none={t("no limit")}
        choices={[2, 5, 10, 20, 50, 100].map((n) => [n, tn(n, "{n} person", "{n} people")])}
        set={(n) => host.rule({ full: n })}
      />
      <Choice
        label={t("Without a host it ends after")}
        value={hostless}
        none={t("no time: it goes on")}
        choices={[1, 5, 15, 60].map((n) => [n, span(n)])}
        set={(n) => host.rule({ hostless: n })}
      />
      <Choice
        label={t("The server keeps the empty meeting for")}
        value={keep}
        none={t("as long as it likes")}
        choices={[1, 10, 60, 480, 1440].map((n) => [n, span(n)])}
        set={(n) => host.rule({ keep: n })}
      />
    </>
  );
}

interface ChoiceProps {
  label: string;
  /** What is in force: one of the choices, or in words what is none of them. */
  value?: number;
  now?: string;
  none: string;
  choices: (readonly [number, string])[];
  set: (n: number) => void;
}

function Choice({ label, value = 0, now = "", none, choices, set }: ChoiceProps) {
  const other = value !== 0 && !choices.some(([n]) => n === value);
  return (
    <label class="host-choice">
      <span class="grow">{label}</span>
      <select
        class="field"
        value={now ? "now" : String(value)}
        onChange={(e) => set(Number(e.currentTarget.value))}
      >
        {now && (
          <option value="now" disabled>
            {now}
          </option>
        )}
        {other && <option value={String(value)}>{value}</option>}
        <option value="0">{none}</option>
        {choices.map(([n, text]) => (
          <option key={n} value={String(n)}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function ChangeLink({ host }: { host: HostModel }) {
  return (
    <Sure
      word={t("Change the link")}
      question={t(
        "Make a new link? By the one that you gave out nobody comes in any more, and who waits has to come again. Who is inside stays.",
      )}
      yes={t("Yes, change it")}
      run={() => host.changeLink()}
    />
  );
}

function EndForAll({ host }: { host: HostModel }) {
  return (
    <Sure
      word={t("End for all")}
      question={t("End the meeting for everybody? Nobody can join it again until you open it.")}
      yes={t("Yes, end it")}
      run={() => host.endForAll()}
    />
  );
}

/** What a host can do about one person, in that person's menu. Nothing switches anything on. */
export function PersonHost({ person: p, model }: { person: Person; model: MeetingModel }) {
  const { host } = model;
  if (!host.moderates.value) return null;
  return (
    <>
      <Spot person={p} model={model} />
      {!p.self && p.role !== "host" && <Acts person={p} host={host} />}
    </>
  );
}

interface AboutProps {
  word: string;
  person: Person;
  /** For what is either so or not. */
  on?: boolean;
  run: () => void;
}

/** A button about one person: what is written on it comes first in its name, which says whom it is about. */
function About({ word, person, on, run }: AboutProps) {
  return (
    <button
      type="button"
      class="plain small"
      aria-pressed={on}
      aria-label={`${word}: ${person.name}`}
      onClick={run}
    >
      {word}
    </button>
  );
}

/** Shows a person large to everybody: the shared screen, or else the camera. */
function Spot({ person: p, model }: { person: Person; model: MeetingModel }) {
  const source = p.screen ? "screen" : "camera";
  const on = model.spotlight.key.value === tileKey(p.session, source);
  const toggle = (): void => model.spotlight.toggle(p.session, source);
  return <About word={t("Large for all")} person={p} on={on} run={toggle} />;
}

function Acts({ person: p, host }: { person: Person; host: HostModel }) {
  const act = (word: string, run: () => void) => <About word={word} person={p} run={run} />;
  return (
    <>
      {p.mic && act(t("Mute"), () => host.mute(p.session, "mic"))}
      {p.camera && act(t("Stop the camera"), () => host.mute(p.session, "camera"))}
      {p.screen && act(t("Stop sharing"), () => host.mute(p.session, "screen"))}
      {p.role === "speaker" && <Keep person={p} host={host} />}
      {p.role === "listener"
        ? act(t("Let speak"), () => host.setRole(p.session, "speaker"))
        : p.role === "speaker" &&
          act(t("Make listener"), () => host.setRole(p.session, "listener"))}
      {host.isHost.value &&
        (p.role === "moderator"
          ? act(t("No co-host any more"), () => host.setRole(p.session, "speaker"))
          : p.role === "speaker" && (
              <Sure
                word={t("Make co-host")}
                label={`${t("Make co-host")}: ${p.name}`}
                question={t("Let {name} admit, mute and remove people, and change the rules?", {
                  name: isolated(p.name),
                })}
                yes={t("Yes, make co-host")}
                run={() => host.setRole(p.session, "moderator")}
              />
            ))}
    </>
  );
}

/** What is kept from one person until it is given back. */
function Keep({ person: p, host }: { person: Person; host: HostModel }) {
  const keep = (act: Act, word: string) => (
    <About
      word={word}
      person={p}
      on={p.barred[act]}
      run={() => host.withholdFrom(p.session, act, !p.barred[act])}
    />
  );
  return (
    <>
      {keep("mic", t("Keep muted"))}
      {keep("camera", t("No camera"))}
      {keep("screen", t("No sharing"))}
      {keep("chat", t("No chat"))}
    </>
  );
}
