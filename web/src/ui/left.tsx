import type { AppModel } from "../call/model";
import { Mark } from "./icons";

export function Left({ model }: { model: AppModel }) {
  return (
    <main class="end">
      <p class="end-mark">
        <Mark size={56} />
      </p>
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
