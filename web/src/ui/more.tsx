/** What has no button of its own in the bar. */

import type { ComponentChildren, JSX } from "preact";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import {
  BoardIcon,
  CheckIcon,
  DevicesIcon,
  EyeIcon,
  FiguresIcon,
  FullIcon,
  GridIcon,
  KeyboardIcon,
  PictureIcon,
  RecordIcon,
  ScreenIcon,
  SealIcon,
  SpeakerViewIcon,
  StopScreenIcon,
  VolumeIcon,
} from "./icons";
import { canOpenPicture, pictureIsOpen, togglePicture } from "./pip";
import { Popover } from "./popover";
import { ReactionRow } from "./signs";

interface MoreProps {
  model: MeetingModel;
  focus: boolean;
  help: () => void;
  settings: () => void;
  record: () => void;
  statistics: () => void;
  close: () => void;
}

export function More({ model, focus, help, settings, record, statistics, close }: MoreProps) {
  const then = (f: () => void) => (): void => {
    close();
    f();
  };
  const sharing = model.sharing.value;
  return (
    <Popover label={t("More")} kind="more-menu" focus={focus} close={close}>
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
            {sharing ? t("Stop sharing") : t("Share screen")}
          </Entry>
        )}
        <Entry
          kind="only-narrow"
          icon={<SealIcon />}
          press={then(() => model.openPanel("security"))}
        >
          {t("Security")}
        </Entry>
        <LayoutEntries model={model} then={then} />
        <Entry icon={<BoardIcon />} press={then(() => model.board.show(true))}>
          {t("Board")}
        </Entry>
        {model.recording.possible && <RecordEntry model={model} record={record} then={then} />}
        <Entry icon={<DevicesIcon />} press={then(settings)}>
          {t("Settings")}
        </Entry>
        <Entry icon={<KeyboardIcon />} press={then(help)}>
          {t("Keyboard")}
        </Entry>
        <Entry icon={<FiguresIcon />} press={then(statistics)}>
          {t("Statistics")}
        </Entry>
      </ul>
    </Popover>
  );
}

function RecordEntry({ model, record, then }: LayoutProps & { record: () => void }) {
  const { recording } = model;
  const on = recording.state.value !== "off";
  return (
    <Entry icon={<RecordIcon />} press={then(on ? () => recording.stop() : record)}>
      {on ? t("Stop recording") : t("Record…")}
    </Entry>
  );
}

interface LayoutProps {
  model: MeetingModel;
  then: (f: () => void) => () => void;
}

function LayoutEntries({ model, then }: LayoutProps) {
  const { layout } = model;
  const speaker = layout.mode.value === "speaker";
  const ownHidden = layout.ownHidden.value;
  const audioOnly = layout.audioOnly.value;
  return (
    <>
      <Entry
        icon={speaker ? <GridIcon /> : <SpeakerViewIcon />}
        press={then(() => layout.setMode(speaker ? "grid" : "speaker"))}
      >
        {speaker ? t("Show everyone alike") : t("Show who speaks large")}
      </Entry>
      <Entry icon={<EyeIcon />} press={then(() => layout.hideOwn(!ownHidden))} pressed={ownHidden}>
        {t("Hide own view")}
      </Entry>
      <Entry
        icon={<VolumeIcon />}
        press={then(() => layout.setAudioOnly(!audioOnly))}
        pressed={audioOnly}
      >
        {t("Sound only")}
        <small class="soft block">{t("no cameras of others, saves data")}</small>
      </Entry>
      {canOpenPicture() && (
        <Entry icon={<PictureIcon />} press={then(() => togglePicture(model))}>
          {pictureIsOpen() ? t("Close the small window") : t("Small window")}
        </Entry>
      )}
      {document.fullscreenEnabled && (
        <Entry icon={<FullIcon />} press={then(toggleFullScreen)}>
          {document.fullscreenElement ? t("Leave full screen") : t("Full screen")}
        </Entry>
      )}
    </>
  );
}

/** What the browser refuses is left as it was. */
export function toggleFullScreen(): void {
  const done = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen();
  done.catch(() => {});
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
        {pressed && <CheckIcon />}
      </button>
    </li>
  );
}
