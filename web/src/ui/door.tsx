/** Who gets in: the host's part of the people panel, and what people outside see. */
import { useSignal } from "@preact/signals";
import type { DoorModel, Person, Waiting } from "../call/model";
import { WaitIcon } from "./icons";
import { Avatar } from "./people";

export function DoorPanel({ door }: { door: DoorModel }) {
  const { moderates, lobby, locked, waiting } = door.access.value;
  if (!moderates) {
    if (!lobby && !locked) return null;
    return (
      <p class="soft door-note">
        {locked
          ? "The meeting is locked: nobody else gets in."
          : "The lobby is on: who comes waits until the host lets them in."}
      </p>
    );
  }
  return (
    <>
      {waiting.length > 0 && <WaitingList door={door} waiting={waiting} locked={locked} />}
      <div class="switches">
        <Switch
          label="Lobby"
          note="Who comes waits until you let them in."
          on={lobby}
          set={(on) => door.setLobby(on)}
        />
        <Switch
          label="Locked"
          note="Nobody else gets in."
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

function WaitingList({ door, waiting, locked }: WaitingListProps) {
  return (
    <section class="lobby" aria-label="Waiting to be let in">
      <div class="lobby-head">
        <h3 class="grow">
          Waiting <span class="soft">{waiting.length}</span>
        </h3>
        {waiting.length > 1 && !locked && (
          <button
            type="button"
            class="plain small"
            onClick={() => door.admit(waiting.map((w) => w.ask))}
          >
            Admit all
          </button>
        )}
      </div>
      {locked && <p class="soft">Unlock the meeting to let somebody in.</p>}
      <ul class="list">
        {waiting.map((w) => (
          <li key={w.ask}>
            <Avatar name={w.name} />
            <span class="grow">
              <bdi>{w.name}</bdi>
              <small class="soft block">{w.seen}</small>
            </span>
            {!locked && (
              <button
                type="button"
                class="primary small"
                aria-label={`Admit ${w.name}`}
                onClick={() => door.admit([w.ask])}
              >
                Admit
              </button>
            )}
            <button
              type="button"
              class="plain small"
              aria-label={`Refuse ${w.name}`}
              onClick={() => door.remove(w.session)}
            >
              Refuse
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface SwitchProps {
  label: string;
  note: string;
  on: boolean;
  set: (on: boolean) => void;
}

/** It shows what is in force, not what was asked for: the two differ until all have heard of it. */
function Switch({ label, note, on, set }: SwitchProps) {
  return (
    <button type="button" class="switch" role="switch" aria-checked={on} onClick={() => set(!on)}>
      <span class="grow">
        {label} <small class="soft block">{note}</small>
      </span>
      <span class="switch-state">{on ? "On" : "Off"}</span>
    </button>
  );
}

/** Asks once more before somebody is thrown out. */
export function RemoveButton({ door, person: p }: { door: DoorModel; person: Person }) {
  const sure = useSignal(false);
  if (!door.access.value.moderates || p.self) return null;
  if (!sure.value)
    return (
      <button
        type="button"
        class="plain small"
        aria-label={`Remove ${p.name}`}
        onClick={() => {
          sure.value = true;
        }}
      >
        Remove
      </button>
    );
  return (
    <button
      type="button"
      class="plain small danger"
      aria-label={`Remove ${p.name} now, and switch the lobby on`}
      title="Removes, and switches the lobby on"
      onClick={() => door.remove(p.session)}
      onBlur={() => {
        sure.value = false;
      }}
    >
      Really?
    </button>
  );
}

/** What a host sees over the stage when somebody waits. */
export function WaitingBanner({ door, show }: { door: DoorModel; show: () => void }) {
  const { waiting } = door.access.value;
  const [first, ...more] = waiting;
  if (!first) return null;
  return (
    <div class="banner">
      <WaitIcon />
      <span class="grow">
        <bdi>{first.name}</bdi>
        {more.length > 0 && ` and ${more.length} more`} {more.length > 0 ? "wait" : "waits"} to be
        let in.
      </span>
      {more.length === 0 && (
        <button
          type="button"
          class="primary small"
          aria-label={`Admit ${first.name}`}
          onClick={() => door.admit([first.ask])}
        >
          Admit
        </button>
      )}
      <button type="button" class="plain small" onClick={show}>
        Show
      </button>
    </div>
  );
}

/** What somebody who is not in yet sees over the stage. */
export function Outside({ door }: { door: DoorModel }) {
  const host = door.outside.value === "host";
  return (
    <div class="alone" role="status">
      <div>
        <h2>{host ? "Waiting for the host" : "Waiting to be let in"}</h2>
        <p class="soft">
          {host
            ? "This meeting has a lobby or is locked, and goes on when its host is there."
            : "Somebody in the meeting has to let you in."}{" "}
          Until then nobody sees or hears you, and you see and hear nobody.
        </p>
      </div>
    </div>
  );
}
