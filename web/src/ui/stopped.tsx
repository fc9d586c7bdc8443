import type { Problem } from "../call/model";
import { t } from "../call/words";
import { Mark } from "./icons";
import { HostWords } from "./note";

/** The meeting or the page can't go on: what it is, and what helps. */
export function Stopped({ problem, home }: { problem: Problem; home: () => void }) {
  return (
    <main class="end">
      <p class="end-mark quiet">
        <Mark size={56} />
      </p>
      <h1 tabIndex={-1}>{t(problem.title)}</h1>
      <p class="soft">{t(problem.text)}</p>
      {problem.said && <HostWords text={problem.said} />}
      <div class="row">
        {problem.action && (
          <button type="button" class="primary" onClick={problem.action.run}>
            {t(problem.action.label)}
          </button>
        )}
        <button type="button" class="plain" onClick={home}>
          {t("Back to the start")}
        </button>
        {problem.code === "server-gone" && (
          <a href="/test" target="_blank" rel="noopener">
            {t("Test your connection")}
          </a>
        )}
      </div>
    </main>
  );
}
