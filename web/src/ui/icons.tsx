/** Our icons: 24 px, one colour, drawn here so that nothing is fetched. */
import type { JSX } from "preact";

const icon = (path: JSX.Element) =>
  function Icon() {
    return (
      <svg
        class="icon"
        viewBox="0 0 24 24"
        width="22"
        height="22"
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        {path}
      </svg>
    );
  };

const mic = (
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5 11a7 7 0 0 0 14 0M12 18v3" />
  </>
);
const camera = (
  <>
    <rect x="3" y="6" width="12" height="12" rx="2.5" />
    <path d="m15 11 6-3.5v9L15 13" />
  </>
);
const slash = <path d="M4 4l16 16" />;

export const MicIcon = icon(mic);
export const MicOffIcon = icon(
  <>
    {mic}
    {slash}
  </>,
);
export const CameraIcon = icon(camera);
export const CameraOffIcon = icon(
  <>
    {camera}
    {slash}
  </>,
);
export const ScreenIcon = icon(
  <>
    <rect x="3" y="4" width="18" height="12" rx="2" />
    <path d="M12 13V8m-2.5 2L12 7.5l2.5 2.5M8 20h8" />
  </>,
);
export const PeopleIcon = icon(
  <>
    <circle cx="9" cy="8" r="3.2" />
    <path d="M3 19c.6-3.2 3-5 6-5s5.4 1.8 6 5M16 5.2a3.2 3.2 0 0 1 0 5.8M18.5 14.6c1.5.9 2.3 2.4 2.6 4.4" />
  </>,
);
export const ChatIcon = icon(<path d="M4 5h16v11H10l-4.5 4V16H4z" />);
export const SealIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="m8.5 12.2 2.4 2.4 4.6-5" />
  </>,
);
export const WaitIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7v5l3 2" />
  </>,
);
export const LeaveIcon = icon(<path d="M14 4H6v16h8M10 12h11m-3.5-3.5L21 12l-3.5 3.5" />);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const LinkIcon = icon(
  <path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.7L12 17" />,
);

export function Mark() {
  return (
    <svg class="mark-icon" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <circle cx="16" cy="16" r="14" fill="none" stroke="var(--brass)" stroke-width="2.5" />
      <path d="M16 8.5a4.6 4.6 0 0 0-2.3 8.6L12.4 24h7.2l-1.3-6.9A4.6 4.6 0 0 0 16 8.5z" fill="var(--brass)" />
    </svg>
  );
}
