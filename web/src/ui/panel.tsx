import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { ChatPanel } from "./chat";
import { CloseIcon } from "./icons";
import { PeoplePanel } from "./people";
import { SecurityPanel } from "./security";
import { inSentence } from "./text";

/** The one panel that is open: beside the stage, or a sheet from below where there is no room beside it. */
export function OpenPanel({ model }: { model: MeetingModel }) {
  const panel = model.panel.value;
  const opener = useRef<HTMLElement | null>(null);
  // Before the panel takes the focus, what had it is remembered; when the panel is gone it gets the focus back.
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (panel) {
      if (focused instanceof HTMLElement && !focused.closest(".panel")) opener.current = focused;
    } else {
      if (focused === document.body) opener.current?.focus();
      opener.current = null;
    }
  }, [panel]);
  if (panel === "people")
    return (
      <Frame key={panel} title={t("People")} note={String(model.people.value.length)} model={model}>
        <PeoplePanel model={model} />
      </Frame>
    );
  if (panel === "chat")
    return (
      <Frame key={panel} title={t("Chat")} model={model}>
        <ChatPanel model={model} />
      </Frame>
    );
  if (panel === "security")
    return (
      <Frame key={panel} title={t("Security")} model={model}>
        <SecurityPanel model={model} />
      </Frame>
    );
  return null;
}

interface FrameProps {
  title: string;
  note?: string;
  model: MeetingModel;
  children: ComponentChildren;
}

function Frame({ title, note, model, children }: FrameProps) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <aside class="panel" aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title} {note && <span class="soft">{note}</span>}
        </h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close {name}", { name: inSentence(title) })}
          title={t("Close (Esc)")}
          onClick={() => model.openPanel(null)}
        >
          <CloseIcon />
        </button>
      </header>
      {children}
    </aside>
  );
}
