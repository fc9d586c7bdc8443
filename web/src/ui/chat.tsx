import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ChatMessage, MeetingModel, PollsModel } from "../call/model";
import { t } from "../call/words";
import { Compose } from "./compose";
import { FileRow, Going } from "./files";
import { CopyIcon, LockIcon } from "./icons";
import { lazy } from "./lazy";
import { hiddenHost, pieces } from "./links";
import { type ChatGroup, groupChat, timeOfDay } from "./text";

const PollList = lazy<{ polls: PollsModel }>(async () => (await import("./polls")).PollList);
const AskPoll = lazy<{ polls: PollsModel; done: () => void }>(
  async () => (await import("./polls")).AskPoll,
);

/** px from the end within which a reader is at the end, and is taken along when there is more. */
const AT_END = 48;

export function ChatPanel({ model }: { model: MeetingModel }) {
  const messages = model.chat.value;
  const log = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const asking = useSignal(false);
  const own = messages.at(-1)?.self ?? false;
  useEffect(() => {
    const element = log.current;
    if (element && (follows.current || own)) element.scrollTop = element.scrollHeight;
  }, [messages, own]);
  return (
    <>
      <PollList polls={model.polls} />
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
          <Group key={g.key} group={g} model={model} />
        ))}
      </div>
      <Going files={model.files} />
      {asking.value && !model.host.barred.value.chat ? (
        <AskPoll
          polls={model.polls}
          done={() => {
            asking.value = false;
          }}
        />
      ) : (
        <Compose
          model={model}
          askPoll={() => {
            asking.value = true;
          }}
        />
      )}
    </>
  );
}

function Group({ group: g, model }: { group: ChatGroup; model: MeetingModel }) {
  const kind = `${g.self ? " own" : ""}${g.to ? " private" : ""}`;
  return (
    <article class={`message${kind}`}>
      <p class="said-by">
        <b>{g.self ? t("You") : <bdi>{g.name}</bdi>}</b>{" "}
        <time class="soft" dateTime={new Date(g.at).toISOString()}>
          {timeOfDay(g.at)}
        </time>
        {g.to && (
          <span class="private-mark">
            <LockIcon /> {aloneWords(g)}
          </span>
        )}
      </p>
      {g.messages.map((m) => (
        <Message key={m.id} message={m} model={model} />
      ))}
    </article>
  );
}

/** Who can read what was said to one person. */
function aloneWords({ to }: ChatGroup): string {
  if (to === "you") return t("to you alone");
  return to ? t("to {name} alone", { name: to.name }) : "";
}

function Message({ message: m, model }: { message: ChatMessage; model: MeetingModel }) {
  if (m.file) return <FileRow file={m.file} files={model.files} />;
  return (
    <div class="said-row">
      <p class="said" dir="auto">
        <Linked text={m.text} />
      </p>
      <button
        type="button"
        class="round copy"
        aria-label={t("Copy message")}
        title={t("Copy message")}
        onClick={() => model.copyText(m.text)}
      >
        <CopyIcon />
      </button>
    </div>
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
