import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { CloseIcon, WarnIcon } from "./icons";

/** Short messages above the bar, read out when the person pauses. */
export function Notices({ model }: { model: MeetingModel }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {model.notices.value.map((n) => (
        <div key={n.id} class={n.kind === "warn" ? "notice warn" : "notice"}>
          {n.kind === "warn" && <WarnIcon />}
          <span class="grow">{t(n.text)}</span>
          {n.action && (
            <button type="button" class="plain small" onClick={n.action.run}>
              {t(n.action.label)}
            </button>
          )}
          <button
            type="button"
            class="round"
            aria-label={t("Dismiss")}
            onClick={() => model.dismiss(n.id)}
          >
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}
