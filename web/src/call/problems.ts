/** What ends or disturbs a meeting, in a person's words. */
import type { Problem } from "./model";
import { msg } from "./words";

export const isBlocked = msg(
  "Pictures and sound do not get through. Your network may block them; this page keeps trying.",
);

export const unanswered = msg(
  "The server has not answered for a minute. This page keeps trying; you can also leave and come back by the link.",
);

export const outOfKeys: Problem = {
  code: "unsealed",
  title: "Something would have left unsealed",
  text: "Your browser sent more than was encrypted, so it was switched off. Reload the page before you switch it on again.",
};

export const isFull: Problem = {
  code: "full",
  title: "This meeting is full",
  text: "Ask somebody to leave, or wait and try again.",
};

export const isUnknown: Problem = {
  code: "refused",
  title: "This meeting does not exist",
  text: "The link is wrong, or the meeting is over. Ask for a new link.",
};

export const isEnded: Problem = {
  code: "ended",
  title: msg("The meeting was ended"),
  text: msg("By who runs this server. It can't be begun again with this link."),
};

export const isOver: Problem = {
  code: "refused",
  title: "The meeting is over",
  text: "The server no longer knows it, and does not take it back.",
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
