import { emojiNames } from "../call/emoji";
import type { DoorModel, MeetingModel, Person, Security } from "../call/model";
import { t, tn } from "../call/words";
import { Restart } from "./door";
import { CheckIcon, ClosedEyeIcon, EyeIcon, SealIcon, WaitIcon } from "./icons";
import { Avatar, Trust } from "./people";
import { VersionFacts } from "./version";

export function SecurityPanel({ model }: { model: MeetingModel }) {
  const s = model.security.value;
  return (
    // biome-ignore lint/a11y/useSemanticElements: the panel around it is the landmark
    <div
      class="scrolls sections"
      role="group"
      aria-label={t("Security of this meeting")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
      tabIndex={0}
    >
      <Verdict security={s} />
      <NotInSync names={s.apart} door={model.door} />
      <Code groups={s.code} emoji={s.emoji} model={model} />
      <section>
        <h3>{t("Who is here")}</h3>
        <ul class="list">
          {model.people.value.map((p) => (
            <MemberRow key={p.session} person={p} />
          ))}
        </ul>
      </section>
      <section>
        <h3>
          <EyeIcon />
          {t("This server sees")}
        </h3>
        <ul class="plain-list">
          {s.serverSees.map((line) => (
            <li key={line}>{t(line)}</li>
          ))}
        </ul>
      </section>
      <section>
        <h3>
          <ClosedEyeIcon />
          {t("It does not see")}
        </h3>
        <ul class="plain-list">
          {s.serverDoesNotSee.map((line) => (
            <li key={line}>{t(line)}</li>
          ))}
        </ul>
      </section>
      <VersionFacts model={model.version} />
      <Technically security={s} />
    </div>
  );
}

function Verdict({ security: s }: { security: Security }) {
  return (
    <section class={s.sealed ? "verdict sealed" : "verdict"}>
      {s.sealed ? <SealIcon /> : <WaitIcon />}
      <div>
        <b>{t(s.seal)}</b>
        <p class="soft">
          {s.sealed
            ? t("The keys are made on your devices. They never leave them for this server.")
            : t("Nothing leaves this browser before it can be sealed.")}
        </p>
      </div>
    </section>
  );
}

/** Who may be shown another meeting than we, and what to do about it. */
function NotInSync({ names, door }: { names: string[]; door: DoorModel }) {
  if (names.length === 0) return null;
  return (
    <section class="verdict warn">
      <WaitIcon />
      <div>
        <b>{countApart(names.length)}</b>
        <p class="soft">
          <bdi>{names.join(", ")}</bdi>.{" "}
          {t(
            "Their browsers do not confirm that they see the meeting that you see. A bad network does that for a minute. If it stays, leave and join again; if it comes back, the server may be showing you different meetings: ask them by another way.",
          )}
        </p>
        {door.mayRestart.value && <Restart door={door} />}
      </div>
    </section>
  );
}

export const countApart = (n: number): string =>
  tn(n, "{n} person is not in sync with you", "{n} people are not in sync with you");

/** The number that people read out to each other, and what they say of it. */
function Code({
  groups,
  emoji,
  model,
}: {
  groups: string[];
  emoji: Security["emoji"];
  model: MeetingModel;
}) {
  const others = model.people.value.filter((p) => !p.self);
  return (
    <section>
      <h3>{t("Read these numbers aloud")}</h3>
      <p class="soft">{t("If everyone sees the same, nobody is in between.")}</p>
      {groups.length > 0 ? (
        <>
          <p class="hidden">{groups.map((g) => [...g].join(" ")).join(", ")}</p>
          <p class="code" aria-hidden="true">
            {groups.map((g, i) => (
              <span key={i}>{g} </span>
            ))}
          </p>
          <Pictures emoji={emoji} />
          {others.length > 0 && <Compared others={others} verify={(on) => model.verify(on)} />}
        </>
      ) : (
        <p class="code none">{t("The numbers come with the keys.")}</p>
      )}
    </section>
  );
}

/** For those who share no words. */
function Pictures({ emoji }: { emoji: Security["emoji"] }) {
  return (
    <details class="pictures">
      <summary>{t("The same in pictures")}</summary>
      <ol>
        {emoji.map((sign, i) => (
          <li key={i}>
            <span aria-hidden="true">{sign}</span>
            {t(emojiNames[sign] ?? "")}
          </li>
        ))}
      </ol>
    </details>
  );
}

function Compared({ others, verify }: { others: Person[]; verify: (on: boolean) => void }) {
  const missing = others.filter((p) => !p.verified).length;
  return (
    <div class="compared">
      <p role="status">
        {missing === 0 ? (
          <span class="verified">
            <CheckIcon /> {t("Compared with everyone here.")}
          </span>
        ) : missing < others.length ? (
          <span class="soft">
            {tn(
              missing,
              "Compare again: {n} of {all} is new to you.",
              "Compare again: {n} of {all} are new to you.",
              { all: String(others.length) },
            )}
          </span>
        ) : null}
      </p>
      {missing === 0 ? (
        <button type="button" class="plain small" onClick={() => verify(false)}>
          {t("Undo")}
        </button>
      ) : (
        <button type="button" class="plain small" onClick={() => verify(true)}>
          <CheckIcon /> {t("Everyone sees the same")}
        </button>
      )}
    </div>
  );
}

function MemberRow({ person: p }: { person: Person }) {
  return (
    <li>
      <Avatar name={p.name} />
      <span class="grow">
        <bdi>{p.name}</bdi>
        {p.self && <span class="soft"> {t("(you)")}</span>}
        {p.note && <small class="soft block">{t(p.note)}</small>}
        <small class="soft block">{p.self ? t("this browser") : t(p.seen)}</small>
        <Trust person={p} />
      </span>
      <small class="device">
        <span class="hidden">{t("device")} </span>
        <span class="mono">{p.device}</span>
      </small>
    </li>
  );
}

function Technically({ security: s }: { security: Security }) {
  return (
    <section>
      <h3>{t("In detail")}</h3>
      <dl>
        <dt>{t("Epoch")}</dt>
        <dd>
          {t("{n}. Each time somebody comes or goes there are new keys.", { n: String(s.epoch) })}
        </dd>
        <dt>{t("Keys")}</dt>
        <dd>{s.suite}</dd>
        <dt>{t("Quantum computers")}</dt>
        <dd>{t(s.quantum)}</dd>
        <dt>{t("Media")}</dt>
        <dd>{s.media}</dd>
        <dt>{t("This page")}</dt>
        <dd>{t("came from this server. An operator who alters it could listen in.")}</dd>
      </dl>
    </section>
  );
}
