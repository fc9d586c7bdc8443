import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { MeetingModel, Person, Role } from "../call/model";
import { markKind, markText } from "../call/quality";
import { msg, t } from "../call/words";
import { DoorPanel } from "./door";
import {
  CameraOffIcon,
  CheckIcon,
  FindIcon,
  LinkIcon,
  MicOffIcon,
  ScreenIcon,
  SpeakingIcon,
  WarnIcon,
  WeakIcon,
} from "./icons";
import { InviteMore } from "./invite";
import { lazy } from "./lazy";
import { PersonMenu } from "./person";
import { HandBadge } from "./signs";
import { countPeople, initials } from "./text";

const HostPanel = lazy<{ model: MeetingModel }>(async () => (await import("./host")).HostPanel);

export function PeoplePanel({ model }: { model: MeetingModel }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section class="scrolls" tabIndex={0} aria-label={t("Who waits and who is here")}>
      <div class="invite-row">
        <button type="button" class="primary" onClick={() => model.copyLink()}>
          <LinkIcon />
          {t("Copy invitation link")}
        </button>
        <InviteMore model={model} />
      </div>
      <DoorPanel door={model.door} />
      <HostPanel model={model} />
      <List model={model} />
    </section>
  );
}

/** So many are seen at a glance; of more one looks for somebody. */
const MANY = 8;

function List({ model }: { model: MeetingModel }) {
  const sought = useSignal("");
  const people = byHand(model.people.value);
  const many = people.length > MANY;
  const found = many ? people.filter((p) => isCalled(p.name, sought.value)) : people;
  return (
    <>
      {many && (
        <label class="find">
          <FindIcon />
          <span class="hidden">{t("Find somebody")}</span>
          <input
            type="search"
            class="field"
            placeholder={t("Find somebody")}
            value={sought.value}
            onInput={(e) => {
              sought.value = e.currentTarget.value;
            }}
          />
        </label>
      )}
      <p class={found.length > 0 ? "hidden" : "soft"} role="status">
        {found.length === 0
          ? t("Nobody here is called that.")
          : sought.value && countPeople(found.length)}
      </p>
      <ul class="list" aria-label={t("People in the meeting")}>
        {found.map((p) => (
          <Row key={p.session} person={p} model={model} />
        ))}
      </ul>
    </>
  );
}

/** Reports whether every word of what is sought is in the name, whatever its case and accents. */
export function isCalled(name: string, sought: string): boolean {
  const plain = (s: string): string => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const own = plain(name);
  return plain(sought)
    .split(/\s+/)
    .every((word) => own.includes(word));
}

/** Raised hands first, in their line; everybody else keeps the place. */
export function byHand(people: readonly Person[]): Person[] {
  const place = (p: Person): number => p.hand || Number.POSITIVE_INFINITY;
  return [...people].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

const roles: Readonly<Record<Role, string>> = {
  host: msg("Host"),
  moderator: msg("Co-host"),
  listener: msg("Listener"),
  speaker: "",
};

function Row({ person: p, model }: { person: Person; model: MeetingModel }) {
  return (
    <li class={p.away ? "is-away" : ""}>
      <Avatar name={p.name} />
      <span class="grow">
        <bdi>{p.name}</bdi>
        {p.self && <span class="soft"> {t("(you)")}</span>}
        {roles[p.role] && <small class="role">{t(roles[p.role])}</small>}
        {p.note && <small class="soft block">{t(p.note)}</small>}
        {p.away && <small class="soft block">{t("reconnecting")}</small>}
        <Trust person={p} />
      </span>
      {!p.away && p.mark && (
        <Badge icon={<WeakIcon />} word={t(markText(p.mark))} kind={markKind(p.mark)} />
      )}
      {p.hand > 0 && <HandBadge place={p.hand} />}
      {model.recording.by.value.has(p.session) && (
        <Badge icon={<span class="red-dot" />} word={t("recording")} />
      )}
      {p.speaking && <Badge icon={<SpeakingIcon />} word={t("speaking")} kind="brass" />}
      {p.screen && <Badge icon={<ScreenIcon />} word={t("shares a screen")} />}
      {!p.camera && (
        <Badge
          icon={<CameraOffIcon />}
          word={p.barred.camera ? t("camera kept off by the host") : t("camera off")}
        />
      )}
      {!p.mic && (
        <Badge
          icon={<MicOffIcon />}
          word={p.barred.mic ? t("muted by the host") : t("muted")}
          kind={p.barred.mic ? "barred" : ""}
        />
      )}
      <PersonMenu person={p} model={model} />
    </li>
  );
}

/** What is known of who somebody is, if anything. */
export function Trust({ person: p }: { person: Pick<Person, "warning" | "verified"> }) {
  if (p.warning)
    return (
      <small class="block warning">
        <WarnIcon /> {t(p.warning)}
      </small>
    );
  if (p.verified)
    return (
      <small class="block verified">
        <CheckIcon /> {t("numbers compared")}
      </small>
    );
  return null;
}

export function Avatar({ name }: { name: string }) {
  return (
    <span class="initials avatar" aria-hidden="true">
      {initials(name)}
    </span>
  );
}

function Badge({ icon, word, kind = "" }: { icon: JSX.Element; word: string; kind?: string }) {
  return (
    <span class={`badge ${kind}`} title={word}>
      {icon}
      <span class="hidden">{word}</span>
    </span>
  );
}
