/** What is told in passing, as the meeting tells it. */
import type { Notice } from "../call/model";
import { arrival, closing } from "../call/notices";
import { isBlocked, unanswered } from "../call/problems";
import { msg, t } from "../call/words";
import { nothing } from "./gallery-model";
import { lively, meeting, run, type States } from "./gallery-parts";

const info = (text: string, label = ""): Notice => notice("info", text, label);
const warn = (text: string, label = ""): Notice => notice("warn", text, label);
function notice(kind: Notice["kind"], text: string, label: string): Notice {
  return { id: text.length, text, kind, ...(label ? { action: { label, run } } : {}) };
}

const say =
  (...list: (() => Notice)[]): States[string] =>
  (f) => {
    meeting(f, 4, ...lively).notices.value = list.map((n) => n());
  };
const name = { name: "Marguerite Vandenberghe-Oyelaran" };

export const notices: States = {
  notices: (f) => {
    const m = meeting(f, 4, ...lively);
    m.unread.value = 3;
    m.notices.value = [
      info(arrival("Field office", null, true)),
      warn(isBlocked, "Test your connection"),
      warn(msg("Your browser does not play sound yet"), "Play sound"),
    ];
  },
  "notices-arrivals": say(
    () => warn(arrival("Ada Keller", "own-name", true), "Compare numbers"),
    () => warn(arrival(name.name, "same-name", true), "Compare numbers"),
    () => warn(arrival(name.name, "new-device", false), "Compare numbers"),
  ),
  "notices-server": say(
    () => warn(closing(120)),
    () => warn(unanswered),
    () => info(t("{name} lost the connection", name)),
  ),
  "notices-keys": say(
    () => info(t("{name} has new keys made for everyone.", name)),
    () =>
      info(
        t("The host has changed the invitation link. By the old one nobody comes in any more."),
        "Copy the new link",
      ),
    () => warn(t("The meeting ends at {time}.", { time: "16:30" })),
  ),
  "notices-host": say(
    () => warn(t("{name} muted you. You can unmute yourself.", name)),
    () => warn(t("{name} stopped your screen share.", name)),
    () => info(t("You may speak again. Your microphone is still off.")),
  ),
  "notices-files": say(
    () => info(t("Now using {name}", { name: "Headset" }), "Go back"),
    () =>
      warn(
        msg("The recording is in this browser only. Save it before you clear its data."),
        "Save",
      ),
  ),
  "muted-by-host": (f) => {
    const m = meeting(f, 4, { muted: true }, ...lively);
    m.mic.value = { ...m.mic.value, on: false };
    m.host.barred.value = { ...nothing, mic: true, chat: true };
    m.notices.value = [
      warn(t("The host has muted you. You can speak again when the host lets you.")),
    ];
    m.panel.value = "chat";
  },
  listener: (f) => {
    const m = meeting(f, 4, { muted: true, video: "off" }, ...lively);
    m.mic.value = { ...m.mic.value, on: false };
    m.camera.value = { ...m.camera.value, on: false };
    m.host.barred.value = { mic: true, camera: true, screen: true, chat: false };
    m.notices.value = [
      warn(t("You are a listener now: you see and hear the meeting, and send nothing.")),
    ];
  },
};
