/** Who gets in: the host's part of the people panel, and what people outside see. */
import { useSignal } from "@preact/signals";
import type { DoorModel, MeetingModel, Person, Waiting } from "../call/model";
import { t, tn } from "../call/words";
import { ChatIcon, WaitIcon } from "./icons";
import { HostWords, NoteForm } from "./note";
import { Avatar, Trust } from "./people";
import { Sure } from "./sure";
import { isolated } from "./text";

export function DoorPanel({ door }: { door: DoorModel }) {
  const { moderates, lobby, locked, waiting } = door.access.value;
  if (!moderates) {
    if (!lobby && !locked) return null;
    return (
      <p class="soft door-note">
        {locked
          ? t("The meeting is locked: nobody else gets in.")
          : t("The lobby is on: who comes waits until the host lets them in.")}
      </p>
    );
  }
  return (
    <>
      {waiting.length > 0 && <WaitingList door={door} waiting={waiting} locked={locked} />}
      <div class="door-switches">
        <Switch
          label={t("Lobby")}
          note={t("Who comes waits until you let them in.")}
          on={lobby}
          set={(on) => door.setLobby(on)}
        />
        <Switch
          label={t("Locked")}
          note={t("Nobody else gets in.")}
          on={locked}
          set={(on) => door.setLocked(on)}
        />
      </div>
    </>
  );
}

interface WaitingListProps {
  door: DoorModel;
  waiting: Waiting[];
  locked: boolean;
}

/** All are let in by one click only where there is a doubt about nobody. */
function WaitingList({ door, waiting, locked }: WaitingListProps) {
  const writes = useSignal(""); // to whom: a session, or all
  const toggle = (to: string) => (): void => {
    writes.value = writes.value === to ? "" : to;
  };
  const close = toggle("");
  return (
    <section class="lobby" aria-label={t("Waiting to be let in")}>
      <div class="lobby-head">
        <h3 class="grow">
          {t("Waiting")} <span class="soft">{waiting.length}</span>
        </h3>
        {waiting.length > 1 && !locked && waiting.every((w) => !w.warning) && (
          <button
            type="button"
            class="plain small"
            onClick={() => door.admit(waiting.map((w) => w.ask))}
          >
            {t("Admit all")}
          </button>
        )}
        {waiting.length > 1 && (
          <WriteButton label={t("Write to all")} open={writes.value === ALL} press={toggle(ALL)} />
        )}
      </div>
      {writes.value === ALL && (
        <NoteForm
          door={door}
          sessions={waiting.map((w) => w.session)}
          label={t("Message to all who wait")}
          close={close}
        />
      )}
      {locked && <p class="soft door-note">{t("Unlock the meeting to let somebody in.")}</p>}
      <ul class="list">
        {waiting.map((w) => (
          <li key={w.ask}>
            <Avatar name={w.name} />
            <span class="grow">
              <bdi>{w.name}</bdi>
              <small class="soft block">{t(w.seen)}</small>
              <Trust person={w} />
            </span>
            {!locked && (
              <button
                type="button"
                class="primary small"
                aria-label={t("Admit {name}", { name: w.name })}
                onClick={() => door.admit([w.ask])}
              >
                {t("Admit")}
              </button>
            )}
            <button
              type="button"
              class="plain small"
              aria-label={t("Refuse {name}", { name: w.name })}
              onClick={() => door.remove(w.session)}
            >
              {t("Refuse")}
            </button>
            <WriteButton
              label={t("Write to {name}", { name: w.name })}
              open={writes.value === w.session}
              press={toggle(w.session)}
            />
            {writes.value === w.session && (
              <NoteForm
                door={door}
                sessions={[w.session]}
                label={t("Message")}
                refuses
                close={close}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const ALL = "all"; // no session is called so: they are longer

interface WriteButtonProps {
  label: string;
  open: boolean;
  press: () => void;
}

function WriteButton({ label, open, press }: WriteButtonProps) {
  return (
    <button
      type="button"
      class="round"
      aria-label={label}
      aria-expanded={open}
      title={label}
      onClick={press}
    >
      <ChatIcon />
    </button>
  );
}

interface SwitchProps {
  label: string;
  note?: string;
  on: boolean;
  set: (on: boolean) => void;
}

/** It shows what is in force, not what was asked for: the two differ until all have heard of it. */
export function Switch({ label, note, on, set }: SwitchProps) {
  return (
    <button
      type="button"
      class="door-switch"
      role="switch"
      aria-checked={on}
      onClick={() => set(!on)}
    >
      <span class="grow">
        {label} {note && <small class="soft block">{note}</small>}
      </span>
      <span class="switch-state">{on ? t("On") : t("Off")}</span>
    </button>
  );
}

/** Throws somebody out. */
export function RemoveButton({ model, person: p }: { model: MeetingModel; person: Person }) {
  const { door, host } = model;
  if (!door.access.value.moderates || p.self || p.role === "host") return null;
  return (
    <Sure
      word={t("Remove")}
      label={t("Remove {name}", { name: p.name })}
      question={t("Remove {name}, and switch the lobby on?", { name: isolated(p.name) })}
      yes={t("Yes, remove")}
      run={() => door.remove(p.session)}
    >
      <button type="button" class="plain small" onClick={() => door.sendBack(p.session)}>
        {t("Back to the lobby")}
      </button>
      {host.isHost.value && (
        <button
          type="button"
          class="plain small danger"
          onClick={() => {
            door.remove(p.session);
            host.changeLink();
          }}
        >
          {t("Remove and change link")}
        </button>
      )}
    </Sure>
  );
}

/** What a host sees over the stage when somebody waits. Whom there is a doubt about is let in from the list only. */
export function WaitingBanner({ door, show }: { door: DoorModel; show: () => void }) {
  const { waiting, locked } = door.access.value;
  const [first, ...more] = waiting;
  if (!first) return null;
  const name = isolated(first.name);
  return (
    <div class="banner">
      <WaitIcon />
      <span class="grow">
        {more.length === 0
          ? t("{name} waits to be let in.", { name })
          : tn(
              more.length,
              "{name} and {n} more person wait to be let in.",
              "{name} and {n} more people wait to be let in.",
              { name },
            )}
        {more.length === 0 && first.warning && <Trust person={first} />}
      </span>
      {more.length === 0 && !first.warning && !locked && (
        <button
          type="button"
          class="primary small"
          aria-label={t("Admit {name}", { name: first.name })}
          onClick={() => door.admit([first.ask])}
        >
          {t("Admit")}
        </button>
      )}
      <button type="button" class="plain small" onClick={show}>
        {t("Show")}
      </button>
    </div>
  );
}

/** For when a meeting's keys do not work out. */
export function Restart({ door }: { door: DoorModel }) {
  return (
    <>
      <p class="soft">
        {t("If this stays, have new keys made. Everyone who is here comes back by themselves.")}
      </p>
      <button type="button" class="plain small" onClick={() => door.restart()}>
        {t("Make new keys for everyone")}
      </button>
    </>
  );
}

/** What somebody who is not in yet sees over the stage. */
export function Outside({ door }: { door: DoorModel }) {
  const host = door.outside.value === "host";
  const sent = door.outside.value === "sent";
  const keys = door.outside.value === "keys";
  return (
    <div class="alone" role="status">
      <div>
        <h2>
          {host
            ? t("Waiting for the host")
            : sent
              ? t("The host sent you back to the lobby")
              : keys
                ? t("The keys of this meeting do not fit")
                : t("Waiting to be let in")}
        </h2>
        <p class="soft">
          {host
            ? t("This meeting has a lobby or is locked, and goes on when its host is there.")
            : keys
              ? t("Your browser tries again in a minute, or as soon as the host has new ones made.")
              : t("Somebody in the meeting has to let you in.")}{" "}
          {t("Until then nobody sees or hears you, and you see and hear nobody.")}
        </p>
        {door.written.value && <HostWords text={door.written.value} />}
        {door.mayRestart.value && !host && <Restart door={door} />}
      </div>
    </div>
  );
}
