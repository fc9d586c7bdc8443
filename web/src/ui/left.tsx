import type { AppModel } from "../call/model";
import { t } from "../call/words";
import { Mark } from "./icons";
import { KeptRecordings } from "./keptrecordings";
import { VersionNote } from "./version";

export function Left({ model }: { model: AppModel }) {
  return (
    <main class="end">
      <p class="end-mark">
        <Mark size={56} />
      </p>
      <h1 tabIndex={-1}>{t("You left the meeting.")}</h1>
      <p class="soft">{t("The keys of this meeting are gone from this page.")}</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => model.rejoin()}>
          {t("Join again")}
        </button>
        <button type="button" class="plain" onClick={() => model.home()}>
          {t("Back to the start")}
        </button>
      </div>
      <VersionNote model={model.version} />
      <KeptRecordings model={model.kept} />
    </main>
  );
}
