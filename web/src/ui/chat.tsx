import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { CopyIcon } from "./icons";
import { hiddenHost, pieces } from "./links";
import { type ChatGroup, groupChat, timeOfDay } from "./text";

/** px from the end within which a reader is at the end, and is taken along when there is more. */
const AT_END = 48;

export function ChatPanel({ model }: { model: MeetingModel }) {
  const messages = model.chat.value;
  const log = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const own = messages.at(-1)?.self ?? false;
  useEffect(() => {
    const element = log.current;
    if (element && (follows.current || own)) element.scrollTop = element.scrollHeight;
  }, [messages, own]);
  return (
    <>
      <div
        ref={log}
        class="log scrolls"
        role="log"
        aria-live="polite"
        aria-label={t("Messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
        onScroll={(e) => {
          const { scrollHeight, scrollTop, clientHeight } = e.currentTarget;
          follows.current = scrollHeight - scrollTop - clientHeight < AT_END;
        }}
      >
        {messages.length === 0 && (
          <p class="soft empty">
            {t(
              "Nothing written yet. Messages are sealed like everything else, and who joins later does not see earlier ones.",
            )}
          </p>
        )}
        {groupChat(messages).map((g) => (
          <Group key={g.key} group={g} copy={(text) => model.copyText(text)} />
        ))}
      </div>
      <Compose model={model} />
    </>
  );
}

function Group({ group: g, copy }: { group: ChatGroup; copy: (text: string) => void }) {
  return (
    <article class={g.self ? "message own" : "message"}>
      <p class="said-by">
        <b>{g.self ? t("You") : <bdi>{g.name}</bdi>}</b>{" "}
        <time class="soft" dateTime={new Date(g.at).toISOString()}>
          {timeOfDay(g.at)}
        </time>
      </p>
      {g.messages.map((m) => (
        <div key={m.id} class="said-row">
          <p class="said" dir="auto">
            <Linked text={m.text} />
          </p>
          <button
            type="button"
            class="round copy"
            aria-label={t("Copy message")}
            title={t("Copy message")}
            onClick={() => copy(m.text)}
          >
            <CopyIcon />
          </button>
        </div>
      ))}
    </article>
  );
}

/** Addresses can be followed; nothing is fetched before that, and the other end does not learn from where. */
function Linked({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((p, i) =>
        "href" in p ? (
          <a
            key={i}
            href={p.href}
            target="_blank"
            rel="noopener noreferrer nofollow"
            referrerpolicy="no-referrer"
          >
            {p.text}
            {hiddenHost(p.text, p.href) && <small> ({hiddenHost(p.text, p.href)})</small>}
          </a>
        ) : (
          p.text
        ),
      )}
    </>
  );
}

function Compose({ model }: { model: MeetingModel }) {
  const draft = useSignal("");
  const id = useId();
  const send = (): void => {
    if (model.sendChat(draft.value)) draft.value = "";
  };
  return (
    <form
      class="compose"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <label class="hidden" for={id}>
        {t("Message")}
      </label>
      <textarea
        id={id}
        class="field"
        rows={1}
        maxLength={4000}
        placeholder={t("Message")}
        aria-describedby={`${id}-keys`}
        value={draft.value}
        onInput={(e) => {
          draft.value = e.currentTarget.value;
        }}
        onKeyDown={(e) => {
          if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
          e.preventDefault();
          send();
        }}
      />
      <button type="submit" class="primary">
        {t("Send")}
      </button>
      <span id={`${id}-keys`} class="hidden">
        {t("Enter sends, Shift and Enter begin a new line.")}
      </span>
    </form>
  );
}
