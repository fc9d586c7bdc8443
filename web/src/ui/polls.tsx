import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { PollModel, PollsModel } from "../call/model";
import { t, tn } from "../call/words";
import { CheckIcon } from "./icons";
import { nameList } from "./text";

/** The polls there are, open ones first. */
export function PollList({ polls }: { polls: PollsModel }) {
  const list = [...polls.list.value].sort((a, b) => Number(a.closed) - Number(b.closed));
  if (list.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section class="polls scrolls" tabIndex={0} aria-label={t("Polls")}>
      {list.map((p) => (
        <Poll key={p.key} poll={p} polls={polls} />
      ))}
    </section>
  );
}

function Poll({ poll: p, polls }: { poll: PollModel; polls: PollsModel }) {
  return (
    <fieldset class="poll" disabled={p.closed}>
      <legend>
        <b>
          <bdi>{p.question}</bdi>
        </b>{" "}
        <small class="soft">
          {p.own ? t("You ask") : t("{name} asks", { name: p.name })}
          {p.multiple && ` · ${t("several answers")}`}
          {p.closed && ` · ${t("closed")}`}
        </small>
      </legend>
      {p.options.map((o, i) => (
        <button
          key={o.text}
          type="button"
          class="poll-option"
          aria-pressed={o.chosen}
          title={nameList(o.names)}
          onClick={() => polls.choose(p.key, i)}
        >
          <span
            class="poll-bar"
            style={{ inlineSize: `${(100 * o.names.length) / Math.max(1, p.voters)}%` }}
          />
          <span class="grow">
            <bdi>{o.text}</bdi>
          </span>
          {o.chosen && <CheckIcon />}
          <span class="poll-count">{o.names.length}</span>
          <span class="hidden">{nameList(o.names)}</span>
        </button>
      ))}
      <p class="poll-foot soft">
        {tn(p.voters, "1 person has voted", "{n} people have voted")}
        {p.own && !p.closed && (
          <button type="button" class="plain small" onClick={() => polls.close(p.key)}>
            {t("Close poll")}
          </button>
        )}
      </p>
    </fieldset>
  );
}

/** Where one asks. done: it was asked, or not after all. */
export function AskPoll({ polls, done }: { polls: PollsModel; done: () => void }) {
  const question = useSignal("");
  const options = useSignal<readonly string[]>(["", ""]);
  const multiple = useSignal(false);
  const refused = useSignal(false);
  const id = useId();
  const set = (i: number, text: string): void => {
    const all = options.value.map((o, n) => (n === i ? text : o));
    // There is always an empty one at the end, up to ten.
    if (all.length < 10 && all.at(-1) !== "") all.push("");
    options.value = all;
  };
  return (
    <form
      class="ask"
      onSubmit={(e) => {
        e.preventDefault();
        refused.value = !polls.ask(question.value, options.value, multiple.value);
        if (!refused.value) done();
      }}
    >
      <label for={id}>{t("Question")}</label>
      <input
        id={id}
        class="field"
        maxLength={300}
        value={question.value}
        onInput={(e) => {
          question.value = e.currentTarget.value;
        }}
      />
      {options.value.map((o, i) => (
        <input
          key={i}
          class="field"
          maxLength={120}
          aria-label={t("Answer {n}", { n: String(i + 1) })}
          placeholder={t("Answer {n}", { n: String(i + 1) })}
          value={o}
          onInput={(e) => set(i, e.currentTarget.value)}
        />
      ))}
      <label class="ask-several">
        <input
          type="checkbox"
          checked={multiple.value}
          onChange={(e) => {
            multiple.value = e.currentTarget.checked;
          }}
        />{" "}
        {t("Several answers may be chosen")}
      </label>
      <p class="soft">
        {t("Everybody sees who chose what: the names are part of the sealed votes.")}
      </p>
      {refused.value && (
        <p class="warning" role="alert">
          {t(
            "A poll needs a question and two different answers. You can have three open at a time.",
          )}
        </p>
      )}
      <p class="file-actions">
        <button type="submit" class="primary small">
          {t("Ask everybody")}
        </button>
        <button type="button" class="plain small" onClick={done}>
          {t("Cancel")}
        </button>
      </p>
    </form>
  );
}
