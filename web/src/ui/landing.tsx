import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { LandingModel } from "../call/model";
import { Mark } from "./icons";
import { ProblemNote } from "./parts";

export function Landing({ model }: { model: LandingModel }) {
  const title = useSignal("");
  const link = useSignal("");
  const titleId = useId();
  const linkId = useId();
  const problem = model.problem.value;
  return (
    <div class="landing">
      <header class="top">
        <div class="mark">
          <Mark /> incamera
        </div>
      </header>
      <main class="hero">
        <h1 tabIndex={-1}>Meet behind closed doors.</h1>
        <p class="lead">Video meetings on your own server, sealed in your browser. Not even this server can watch, listen or read along.</p>
        <form
          class="row"
          onSubmit={(e) => {
            e.preventDefault();
            model.newMeeting(title.value);
          }}
        >
          <label class="hidden" for={titleId}>
            Meeting title (optional)
          </label>
          <input
            id={titleId}
            class="field"
            placeholder="Meeting title (optional)"
            maxLength={60}
            autocomplete="off"
            value={title.value}
            onInput={(e) => {
              title.value = e.currentTarget.value;
            }}
          />
          <button type="submit" class="primary" disabled={model.busy.value}>
            New meeting
          </button>
        </form>
        <form
          class="row"
          onSubmit={(e) => {
            e.preventDefault();
            model.openLink(link.value);
          }}
        >
          <label class="hidden" for={linkId}>
            Paste a meeting link
          </label>
          <input
            id={linkId}
            class="field"
            placeholder="Paste a meeting link"
            autocomplete="off"
            spellcheck={false}
            value={link.value}
            onInput={(e) => {
              link.value = e.currentTarget.value;
            }}
          />
          <button type="submit" class="plain">
            Open
          </button>
        </form>
        {problem && <ProblemNote problem={problem} />}
      </main>
      <footer class="facts">
        <div>
          <b>Nothing to install.</b> A link is enough.
        </div>
        <div>
          <b>Nobody else involved.</b> No trackers, no other servers.
        </div>
        <div>
          <b>Sealed, always.</b> There is no other mode.
        </div>
      </footer>
    </div>
  );
}
