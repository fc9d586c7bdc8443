import type { AppModel, Problem } from "../call/model";
import { Mark } from "./icons";

export function Left({ model }: { model: AppModel }) {
  return (
    <main class="end">
      <Mark />
      <h1 tabIndex={-1}>You left the meeting.</h1>
      <p class="soft">The keys of this meeting are gone from this page.</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => model.rejoin()}>
          Join again
        </button>
        <button type="button" class="plain" onClick={() => model.home()}>
          Back to the start
        </button>
      </div>
    </main>
  );
}

export function Stopped({ problem, home }: { problem: Problem; home: () => void }) {
  return (
    <main class="end">
      <Mark />
      <h1 tabIndex={-1}>{problem.title}</h1>
      <p class="soft">{problem.text}</p>
      <div class="row">
        {problem.action && (
          <button type="button" class="primary" onClick={problem.action.run}>
            {problem.action.label}
          </button>
        )}
        <button type="button" class="plain" onClick={home}>
          Back to the start
        </button>
      </div>
    </main>
  );
}
