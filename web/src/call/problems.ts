/** What ends or disturbs a meeting, in a person's words. */
import type { LeaveReason } from "../wire/wire.gen";
import type { Problem } from "./model";
import { msg } from "./words";

export const isBlocked = msg(
  "Pictures and sound do not get through. Your network may block them; this page keeps trying.",
);

export const unanswered = msg(
  "The server has not answered for a minute. This page keeps trying; you can also leave and come back by the link.",
);

/** While it is being tried on. */
export const unreached: Problem = {
  code: "server-gone",
  title: msg("The server does not answer"),
  text: msg("This page keeps trying."),
};

export const outOfKeys: Problem = {
  code: "unsealed",
  title: "Something would have left unsealed",
  text: "Your browser sent more than was encrypted, so it was switched off. Reload the page before you switch it on again.",
};

export const notHidden: Problem = {
  code: "background",
  title: "Your background can't be hidden here",
  text: "This device is too slow for it, or the browser lacks what it needs. Your camera is off, so that nobody sees more than you want.",
};

export const isFull: Problem = {
  code: "full",
  title: "This meeting is full",
  text: "Ask somebody to leave, or wait and try again.",
};

export const isUnknown: Problem = {
  code: "refused",
  title: "This meeting does not exist",
  text: "The link is wrong or was changed, or the meeting is over. Ask for a new link.",
};

export const isEnded: Problem = {
  code: "ended",
  title: msg("The meeting was ended"),
  text: msg("By who runs this server. It can't be begun again with this link."),
};

export const isOver: Problem = {
  code: "refused",
  title: "The meeting is over",
  text: "By this link the server no longer knows it, and does not take it back. If the link was changed, ask for the new one.",
};

export const linkStays = msg(
  "The link was not changed: people are here by too many older ones. It can be when those who came first have left, or have joined again by the present link.",
);

export const linkChanged: Problem = {
  code: "relinked",
  title: msg("The link of this meeting was changed"),
  text: msg("By the old one nobody comes in any more. Ask the host for the new link."),
};

export const hostEnded: Problem = {
  code: "ended",
  title: msg("The host ended the meeting for all"),
  text: msg("It can't be joined again by this link until the host opens it again."),
};

export const youEnded: Problem = {
  code: "ended",
  title: msg("You ended the meeting for all"),
  text: msg("Nobody else can join it again by this link until you open it again."),
};

export const timeIsOver: Problem = {
  code: "ended",
  title: msg("The meeting is over"),
  text: msg(
    "The time that its host has set for it is up. By this link nobody joins it again until the host opens it again.",
  ),
};

export const isOwn: Problem = {
  code: "refused",
  title: msg("The meeting is over"),
  text: msg("You are its host: you can open it again, by the same link and with the same rules."),
};

export const isRemoved: Problem = {
  code: "removed",
  title: "The host removed you from the meeting",
  text: "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.",
};

/** Of who never was inside. */
export const isRefused: Problem = {
  code: "removed",
  title: "The host did not let you in",
  text: "Nobody saw or heard you. If you think that it is a mistake, tell the person who invited you.",
};

/** Why a session ends that is nobody's doing here, by the server's reason. */
export const ends: Partial<Record<LeaveReason, Problem>> = {
  over: timeIsOver,
  operator: isEnded,
  relinked: linkChanged,
};

const unfit = (text: string): Problem => ({
  code: "browser",
  title: msg("This browser can't take part"),
  text,
});

/** Why a browser can't take part: the address is not secure, it lacks the transforms, it lacks the ciphers. */
export const unfits = {
  insecure: unfit(
    msg(
      "Meetings need a secure address, one that begins with https:// (or localhost). Ask who runs this server.",
    ),
  ),
  transforms: unfit(
    msg(
      "It can't encrypt pictures and sound by itself, and Incamera has no other way. Use Firefox 117, Chrome or Edge 141, Safari 15.4, or newer.",
    ),
  ),
  ciphers: unfit(
    msg(
      "It lacks the cryptography that meetings are sealed with (Ed25519 and X25519). A newer version has it.",
    ),
  ),
};
