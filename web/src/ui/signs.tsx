/** Raised hands and reactions: what gives them, and what tells of them. */

import type { JSX } from "preact";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { type Sign, signs } from "../e2ee/protocol";
import {
  ApplauseIcon,
  HandIcon,
  HeartIcon,
  LaughIcon,
  PartyIcon,
  SurpriseIcon,
  ThumbIcon,
} from "./icons";
import { Popover } from "./popover";
import { readAloud, signWords } from "./text";

const icons: Readonly<Record<Sign, () => JSX.Element>> = {
  thumb: ThumbIcon,
  applause: ApplauseIcon,
  heart: HeartIcon,
  laugh: LaughIcon,
  surprise: SurpriseIcon,
  party: PartyIcon,
};

export function SignIcon({ sign }: { sign: Sign }) {
  const Icon = icons[sign];
  return <Icon />;
}

interface PickerProps {
  model: MeetingModel;
  focus: boolean;
  close: () => void;
}

/** The reactions in a row; it stays open, so that one can clap twice. */
export function ReactionPicker({ model, focus, close }: PickerProps) {
  return (
    <Popover label={t("Reactions")} kind="reactions" focus={focus} close={close}>
      <ReactionRow model={model} />
    </Popover>
  );
}

export function ReactionRow({ model }: { model: MeetingModel }) {
  return (
    <div class="reaction-row">
      {signs.map((sign) => (
        <button
          key={sign}
          type="button"
          class="reaction"
          aria-label={t(signWords[sign])}
          title={t(signWords[sign])}
          onClick={() => model.signs.react(sign)}
        >
          <SignIcon sign={sign} />
        </button>
      ))}
    </div>
  );
}

/** On a tile: the place in the line, and the reaction of the moment. */
export function TileSigns({ hand, reaction }: { hand: number; reaction: Sign | null }) {
  if (hand === 0 && !reaction) return null;
  return (
    <p class="tile-signs">
      {hand > 0 && <HandBadge place={hand} />}
      {reaction && (
        <span class="sign" key={reaction}>
          <SignIcon sign={reaction} />
          <span class="hidden">{t(signWords[reaction])}</span>
        </span>
      )}
    </p>
  );
}

/** In a list: the place in the line. */
export function HandBadge({ place }: { place: number }) {
  return (
    <span class="sign hand" title={t("hand raised")}>
      <HandIcon />
      <span class="hidden">{t("hand raised, place")} </span>
      {place}
    </span>
  );
}

/** What others did, read out when the person pauses, many at once in one sentence. */
export function SignsAloud({ model }: { model: MeetingModel }) {
  const reading = model.signs.reading.value;
  return (
    <p class="hidden" role="status">
      {reading && readAloud(reading)}
    </p>
  );
}
