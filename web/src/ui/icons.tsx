/** Our icons: 24 px, one colour, drawn here so that nothing is fetched. */
import type { JSX } from "preact";

/** turns: it points along the line of text, and the other way where that is read from the right. */
const icon = (path: JSX.Element, turns = false) =>
  function Icon() {
    return (
      <svg
        class={turns ? "icon turns" : "icon"}
        viewBox="0 0 24 24"
        width="22"
        height="22"
        fill="none"
        stroke="currentColor"
        stroke-width="1.75"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        {path}
      </svg>
    );
  };

const slash = <path d="M4 4l16 16" />;

export const MicIcon = icon(
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21" />
  </>,
);
export const MicOffIcon = icon(
  <>
    <path d="M9 9v2a3 3 0 0 0 4.7 2.5M15 10.5V6a3 3 0 0 0-5.8-1M5.5 11a6.5 6.5 0 0 0 10.4 5.2M18.5 11a6.4 6.4 0 0 1-.6 2.7M12 17.5V21" />
    {slash}
  </>,
);
export const CameraIcon = icon(
  <>
    <rect x="2.5" y="6" width="13" height="12" rx="2.5" />
    <path d="m15.5 11 6-3.5v9l-6-3.5" />
  </>,
);
export const CameraOffIcon = icon(
  <>
    <path d="M9.5 6H13a2.5 2.5 0 0 1 2.5 2.5V11l6-3.5v9M15.5 15.5A2.5 2.5 0 0 1 13 18H5a2.5 2.5 0 0 1-2.5-2.5v-7A2.5 2.5 0 0 1 5 6" />
    {slash}
  </>,
);
export const ScreenIcon = icon(
  <>
    <rect x="3" y="4" width="18" height="12" rx="2" />
    <path d="M12 13V7.5m-2.5 2.3L12 7.3l2.5 2.5M8 20h8" />
  </>,
);
export const StopScreenIcon = icon(
  <>
    <rect x="3" y="4" width="18" height="12" rx="2" />
    <path d="m10 8 4 4m0-4-4 4M8 20h8" />
  </>,
);
export const PeopleIcon = icon(
  <>
    <circle cx="9" cy="8" r="3.3" />
    <path d="M2.8 19.5c.5-3.4 3-5.3 6.2-5.3s5.7 1.9 6.2 5.3M16 4.9a3.3 3.3 0 0 1 0 6.2M18.3 14.7c1.7.9 2.7 2.6 2.9 4.8" />
  </>,
);
export const ChatIcon = icon(
  <path d="M6 4.5h12a2.5 2.5 0 0 1 2.5 2.5v7a2.5 2.5 0 0 1-2.5 2.5h-7L6.5 20v-3.5H6A2.5 2.5 0 0 1 3.5 14V7A2.5 2.5 0 0 1 6 4.5z" />,
  true,
);
/** The keyhole of the mark: sealed. */
export const SealIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7.3a2.9 2.9 0 0 0-1.3 5.5L9.9 16.5h4.2l-.8-3.7A2.9 2.9 0 0 0 12 7.3z" />
  </>,
);
export const WaitIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7v5l3 2" />
  </>,
);
export const LeaveIcon = icon(<path d="M13 4H6v16h7M10.5 12H21m-3.5-3.5L21 12l-3.5 3.5" />, true);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const LinkIcon = icon(
  <path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.7L12 17" />,
);
export const UpIcon = icon(<path d="m7 14.5 5-5 5 5" />);
export const DevicesIcon = icon(<path d="M4 8h8m4 0h4M4 16h4m4 0h8M14 5.5v5M10 13.5v5" />);
export const KeyboardIcon = icon(
  <>
    <rect x="2.5" y="6" width="19" height="12" rx="2.5" />
    <path d="M6.5 10h.01M10 10h.01M13.5 10h.01M17 10h.01M8 14h8" />
  </>,
);
export const SendIcon = icon(<path d="M12 19V5.5M6 11l6-6 6 6" />);
export const EyeIcon = icon(
  <>
    <path d="M2.5 12C4.6 8 8 6 12 6s7.4 2 9.5 6c-2.1 4-5.5 6-9.5 6s-7.4-2-9.5-6z" />
    <circle cx="12" cy="12" r="2.7" />
  </>,
);
/** An eye that is closed. */
export const ClosedEyeIcon = icon(
  <path d="M2.5 10.5c2.1 3.3 5.5 5 9.5 5s7.4-1.7 9.5-5M5.5 13.8 4 16.5M10 15.4l-.5 3.1M14 15.4l.5 3.1M18.5 13.8l1.5 2.7" />,
);
export const WarnIcon = icon(
  <>
    <path d="M12 4 21 19.5H3z" />
    <path d="M12 10v4.5M12 17h.01" />
  </>,
);
/** Bars of sound: somebody speaks. */
export const SpeakingIcon = icon(<path d="M5 10v4M9.7 6v12M14.3 8.5v7M19 10.5v3" />);

export const HandIcon = icon(
  <path d="M8 12.5V6.5a1.5 1.5 0 0 1 3 0V11M11 10.5v-6a1.5 1.5 0 0 1 3 0V11M14 11V6.5a1.5 1.5 0 0 1 3 0V14c0 4.3-2.2 6.7-5.5 6.7-2.5 0-4-1.1-5.2-3.3L4.3 13.8a1.5 1.5 0 0 1 2.5-1.6L8 13.8" />,
);
export const ThumbIcon = icon(
  <path d="M7 11v9H4v-9h3zm0 0 4-7.5c1.7 0 2.6 1.3 2.2 2.9L12.5 9.5H18a2 2 0 0 1 2 2.4l-1.3 6.5a2 2 0 0 1-2 1.6H7" />,
);
export const ApplauseIcon = icon(
  <path d="m11.5 10.5-4-4a1.4 1.4 0 0 0-2 2l4.3 4.3M9.6 8.6 7.8 6.8M13.3 8.2 11 5.9a1.4 1.4 0 0 0-2.2.2M7.3 10.3 6 9a1.4 1.4 0 0 0-2 2l6.2 6.8c2.4 2.4 5.7 2.6 8 .4 2-1.9 2.4-4.3 1.5-6.8l-1.5-4c-1.5 0-2 1.2-1.6 2.6l.5 1.8-3.3-3.4M15.5 2.5v1.8M19 3.5l-1 1.6M21.5 7l-1.7.6" />,
);
export const HeartIcon = icon(
  <path d="M12 20S4 15.2 4 9.4A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.4C20 15.2 12 20 12 20z" />,
);
export const LaughIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M7.5 13.5h9a4.5 4.5 0 0 1-9 0zM7.7 9.8q1-1.5 2 0M14.3 9.8q1-1.5 2 0" />
  </>,
);
export const SurpriseIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <circle cx="12" cy="15.3" r="2" />
    <path d="M9 9.5h.01M15 9.5h.01" />
  </>,
);
export const PartyIcon = icon(
  <path d="M3.5 20.5 8 9.5l6.5 6.5-11 4.5zM13.5 10.5c-.2-2 1-3.3 3-3.2M16.8 13.2c1.4-.7 2.6-.5 3.6.5M11.3 7c.8-1.4.6-2.6-.4-3.5M16 3.5h.01M20.5 5.5h.01M20.5 10h.01" />,
);
export const PinIcon = icon(
  <path d="M9 3.5h6M10 3.5v6.2L6.5 13.5v1.5h11v-1.5L14 9.7V3.5M12 15v6" />,
);
export const MoveIcon = icon(
  <path d="M12 3v18M3 12h18M9.5 5.5 12 3l2.5 2.5M9.5 18.5 12 21l2.5-2.5M5.5 9.5 3 12l2.5 2.5M18.5 9.5 21 12l-2.5 2.5" />,
);
export const FindIcon = icon(
  <>
    <circle cx="10.5" cy="10.5" r="6.5" />
    <path d="m15.5 15.5 5 5" />
  </>,
);
export const RecordIcon = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <circle cx="12" cy="12" r="3.5" fill="currentColor" />
  </>,
);
export const FiguresIcon = icon(<path d="M5 20v-7M10 20V9M15 20v-4M20 20V5" />);
export const BoardIcon = icon(
  <>
    <rect x="3" y="4.5" width="18" height="12" rx="2" />
    <path d="M8 20l1.5-3.5M16 20l-1.5-3.5M7 12.5c2-4 3.5 2 5.5-1.5 1.2-2 2.5-1.5 4.5-1" />
  </>,
);
export const BackIcon = icon(<path d="m14.5 6-6 6 6 6" />, true);
export const NextIcon = icon(<path d="m9.5 6 6 6-6 6" />, true);
export const VolumeIcon = icon(
  <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />,
  true,
);
export const GridIcon = icon(
  <>
    <rect x="3.5" y="4.5" width="7" height="6" rx="1.5" />
    <rect x="13.5" y="4.5" width="7" height="6" rx="1.5" />
    <rect x="3.5" y="13.5" width="7" height="6" rx="1.5" />
    <rect x="13.5" y="13.5" width="7" height="6" rx="1.5" />
  </>,
);
export const SpeakerViewIcon = icon(
  <>
    <rect x="3.5" y="4.5" width="11" height="15" rx="2" />
    <path d="M18 5h2.5M18 12h2.5M18 19h2.5" />
  </>,
  true,
);
export const FullIcon = icon(<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" />);
export const PictureIcon = icon(
  <>
    <path d="M20.5 10V7a2 2 0 0 0-2-2h-13a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2H9" />
    <rect x="12" y="13" width="9" height="6.5" rx="1.5" />
  </>,
  true,
);
export const CopyIcon = icon(
  <>
    <rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2" />
    <path d="M15.5 8.5V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5" />
  </>,
);
export const AttachIcon = icon(
  <path d="M19 11.5 12 18.6a4.4 4.4 0 0 1-6.2-6.2l7.4-7.4a2.9 2.9 0 0 1 4.1 4.1l-7.3 7.4a1.5 1.5 0 0 1-2.1-2.1l6.6-6.6" />,
);
export const PollIcon = icon(<path d="M5 20v-7M12 20V5M19 20v-11" />);
export const FileIcon = icon(
  <path d="M13.5 3H7a1.5 1.5 0 0 0-1.5 1.5v15A1.5 1.5 0 0 0 7 21h10a1.5 1.5 0 0 0 1.5-1.5V8zM13.5 3v5h5" />,
);
export const LockIcon = icon(
  <path d="M7 10.5h10a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7.5a1 1 0 0 1 1-1zM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5" />,
);
export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7.5" />);
export const MoreIcon = icon(<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3" />);

/** A keyhole in a ring: an eye that is closed. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg class="mark-icon" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <circle cx="16" cy="16" r="14" fill="none" stroke="currentColor" stroke-width="2.5" />
      <path
        d="M16 8.5a4.6 4.6 0 0 0-2.3 8.6L12.4 24h7.2l-1.3-6.9A4.6 4.6 0 0 0 16 8.5z"
        fill="currentColor"
      />
    </svg>
  );
}

/** Two of four bars: a connection that is weak. */
export const WeakIcon = icon(
  <>
    <path d="M5 19v-3M10 19v-7" />
    <path d="M15 19V9M20 19V5" opacity="0.35" />
  </>,
  true,
);
