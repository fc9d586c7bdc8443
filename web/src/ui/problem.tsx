import type { Problem } from "../call/model";
import { t } from "../call/words";
import { WarnIcon } from "./icons";
import { Coded } from "./parts";

/** What is wrong, in a person's words, with what to press if anything helps. */
export function ProblemNote({ problem, id }: { problem: Problem; id?: string }) {
  return (
    <div class="problem" role="alert" id={id}>
      <WarnIcon />
      <div>
        <strong>{t(problem.title)}</strong>
        <p>
          <Coded text={t(problem.text)} />
        </p>
        {problem.action && (
          <button type="button" class="plain small" onClick={problem.action.run}>
            {t(problem.action.label)}
          </button>
        )}
      </div>
    </div>
  );
}
