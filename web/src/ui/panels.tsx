/** The panel beside the stage: people, chat, security. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { CameraOffIcon, CloseIcon, LinkIcon, MicOffIcon, ScreenIcon } from "./icons";

function Frame({ title, model, children }: { title: string; model: MeetingModel; children: ComponentChildren }) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="round quiet" aria-label={`Close ${title.toLowerCase()}`} onClick={() => model.openPanel(null)}>
          <CloseIcon />
        </button>
      </header>
      {children}
    </aside>
  );
}

export function PeoplePanel({ model }: { model: MeetingModel }) {
  const people = model.people.value;
  return (
    <Frame title={`People (${people.length})`} model={model}>
      <button type="button" class="plain wide with-icon" onClick={() => model.copyLink()}>
        <LinkIcon /> Copy invitation link
      </button>
      <ul class="list">
        {people.map((p) => (
          <li key={p.session}>
            <span class="grow">
              {p.name}
              {p.self && <span class="soft"> (you)</span>}
              {p.note && <small class="soft block">{p.note}</small>}
              {p.away && <small class="soft block">reconnecting</small>}
            </span>
            {p.screen && (
              <span class="badge" title="Shares a screen">
                <ScreenIcon />
                <span class="hidden">shares a screen</span>
              </span>
            )}
            {!p.mic && (
              <span class="badge" title="Muted">
                <MicOffIcon />
                <span class="hidden">muted</span>
              </span>
            )}
            {!p.camera && (
              <span class="badge" title="Camera off">
                <CameraOffIcon />
                <span class="hidden">camera off</span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </Frame>
  );
}

const time = (at: number): string => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export function ChatPanel({ model }: { model: MeetingModel }) {
  const draft = useSignal("");
  const id = useId();
  const log = useRef<HTMLDivElement>(null);
  const messages = model.chat.value;
  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [messages.length]);
  const send = (): void => {
    if (model.sendChat(draft.value)) draft.value = "";
  };
  return (
    <Frame title="Chat" model={model}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard */}
      <div ref={log} class="log" role="log" aria-live="polite" aria-label="Messages" tabIndex={0}>
        {messages.length === 0 && <p class="soft">Messages are sealed like everything else. Who joins later does not see earlier ones.</p>}
        {messages.map((m) => (
          <article key={`${m.session} ${m.id}`} class={m.self ? "message own" : "message"}>
            <small class="soft">
              {m.self ? "You" : m.name} · {time(m.at)}
            </small>
            <p>{m.text}</p>
          </article>
        ))}
      </div>
      <form
        class="say"
        onSubmit={(e) => {
          e.preventDefault();
          send();
        }}
      >
        <label class="hidden" for={id}>
          Message
        </label>
        <textarea
          id={id}
          class="field"
          rows={2}
          maxLength={4000}
          placeholder="Message"
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
          Send
        </button>
      </form>
    </Frame>
  );
}

export function SecurityPanel({ model }: { model: MeetingModel }) {
  const s = model.security.value;
  return (
    <Frame title="Security" model={model}>
      <div class="scroll-body">
        <p class={s.sealed ? "verdict sealed" : "verdict"}>{s.seal}</p>
        <p class="soft">Read these numbers aloud. If everyone sees the same, nobody is in between.</p>
        {s.code.length > 0 ? (
          <p class="code">{s.code.join(" ")}</p>
        ) : (
          <p class="code soft">The numbers come with the keys.</p>
        )}
        <h3>Who is here</h3>
        <ul class="list">
          {model.people.value.map((p) => (
            <li key={p.session}>
              <span class="grow">
                {p.name}
                {p.self && <span class="soft"> (you)</span>}
                <small class="soft block">
                  {p.self ? "this browser" : p.seen} · device <span class="mono">{p.device}</span>
                </small>
              </span>
            </li>
          ))}
        </ul>
        <h3>This server sees</h3>
        <ul class="plain-list">
          {s.serverSees.map((t) => (
            <li key={t}>{t}</li>
          ))}
        </ul>
        <h3>It does not see</h3>
        <ul class="plain-list">
          {s.serverDoesNotSee.map((t) => (
            <li key={t}>{t}</li>
          ))}
        </ul>
        <h3>Technically</h3>
        <dl>
          <dt>Keys</dt>
          <dd>{s.suite}, epoch {s.epoch}</dd>
          <dt>Media</dt>
          <dd>{s.media}</dd>
          <dt>Code</dt>
          <dd>This page was served by this server. An operator who alters it could listen in.</dd>
        </dl>
      </div>
    </Frame>
  );
}
