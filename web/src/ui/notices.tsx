import type { MeetingModel } from "../call/model";
import { CloseIcon, WarnIcon } from "./icons";

/** Short messages above the bar, read out when the person pauses. */
export function Notices({ model }: { model: MeetingModel }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {model.notices.value.map((n) => (
        <div key={n.id} class={n.kind === "warn" ? "notice warn" : "notice"}>
          {n.kind === "warn" && <WarnIcon />}
          <span class="grow">{n.text}</span>
          {n.action && (
            <button type="button" class="plain small" onClick={n.action.run}>
              {n.action.label}
            </button>
          )}
          <button
            type="button"
            class="round"
            aria-label="Dismiss"
            onClick={() => model.dismiss(n.id)}
          >
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}
