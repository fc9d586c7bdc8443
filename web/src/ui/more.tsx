/** What has no button of its own in the bar. */
import type { ComponentChildren, JSX } from "preact";
import type { MeetingModel } from "../call/model";
import { KeyboardIcon, ScreenIcon, SealIcon, StopScreenIcon } from "./icons";
import { Popover } from "./popover";
import { ReactionRow } from "./signs";

interface MoreProps {
  model: MeetingModel;
  focus: boolean;
  help: () => void;
  close: () => void;
}

export function More({ model, focus, help, close }: MoreProps) {
  const then = (f: () => void) => (): void => {
    close();
    f();
  };
  const sharing = model.sharing.value;
  return (
    <Popover label="More" kind="more-menu" focus={focus} close={close}>
      <div class="only-narrow">
        <ReactionRow model={model} />
      </div>
      <ul>
        {model.canShare.value && (
          <Entry
            kind="only-narrow"
            icon={sharing ? <StopScreenIcon /> : <ScreenIcon />}
            press={then(() => model.toggleShare())}
          >
            {sharing ? "Stop sharing" : "Share screen"}
          </Entry>
        )}
        <Entry
          kind="only-narrow"
          icon={<SealIcon />}
          press={then(() => model.openPanel("security"))}
        >
          Security
        </Entry>
        <Entry icon={<KeyboardIcon />} press={then(help)}>
          Keyboard
        </Entry>
      </ul>
    </Popover>
  );
}

interface EntryProps {
  icon: JSX.Element;
  press: () => void;
  kind?: string;
  pressed?: boolean;
  children: ComponentChildren;
}

function Entry({ icon, press, kind = "", pressed, children }: EntryProps) {
  return (
    <li class={kind}>
      <button type="button" class="entry-row" aria-pressed={pressed} onClick={press}>
        {icon}
        <span class="grow">{children}</span>
      </button>
    </li>
  );
}
