import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { AppModel, LandingModel } from "../call/model";
import { t } from "../call/words";
import { KeptRecordings } from "./keptrecordings";
import { Head } from "./parts";
import { ProblemNote } from "./problem";
import { VersionNote } from "./version";

export function Landing({ app }: { app: AppModel }) {
  const model = app.landing;
  return (
    <div class="landing">
      <Head />
      <VersionNote model={app.version} />
      <main class="hero">
        <div class="pitch">
          <p class="entry">
            <i lang="la">in camera</i> {t("law, Latin: in private")}
          </p>
          <h1 tabIndex={-1}>{t("Meet behind closed doors.")}</h1>
          <p class="lead">
            {t(
              "Video meetings on your own server, sealed in your browser. Not even this server can watch, listen or read along.",
            )}
          </p>
        </div>
        <div class="doors">
          <NewMeeting model={model} />
          <p class="or">{t("or")}</p>
          <OpenLink model={model} />
          <KeptRecordings model={app.kept} />
        </div>
      </main>
      <footer class="facts">
        <p>
          <b>{t("Nothing to install.")}</b> {t("A link is enough.")}
        </p>
        <p>
          <b>{t("Nobody else involved.")}</b> {t("No trackers, no other servers.")}
        </p>
        <p>
          <b>{t("Sealed, always.")}</b> {t("There is no other mode.")}
        </p>
        <p>
          <a href="/test">{t("Test your connection")}</a>
        </p>
        {model.operator.value && (
          <p>
            <a href="/admin">{t("Run this server")}</a>
          </p>
        )}
      </footer>
    </div>
  );
}

function NewMeeting({ model }: { model: LandingModel }) {
  const title = useSignal("");
  const postQuantum = useSignal(false);
  const id = useId();
  const busy = model.busy.value;
  const problem = model.problem.value;
  return (
    <form
      class="door"
      onSubmit={(e) => {
        e.preventDefault();
        model.newMeeting(title.value, postQuantum.value);
      }}
    >
      <div class="labelled">
        <label for={id}>{t("Meeting title (optional)")}</label>
        <input
          id={id}
          class="field"
          maxLength={60}
          autocomplete="off"
          value={title.value}
          onInput={(e) => {
            title.value = e.currentTarget.value;
          }}
        />
      </div>
      <details class="options">
        <summary>{t("More security options")}</summary>
        <label class="option">
          <input
            type="checkbox"
            checked={postQuantum.value}
            aria-describedby={`${id}-quantum`}
            onChange={(e) => {
              postQuantum.value = e.currentTarget.checked;
            }}
          />
          <span>
            {t("Post-quantum keys")}
            <small id={`${id}-quantum`} class="soft block">
              {t(
                "Who records the meeting today, and also has the link, cannot open it with a quantum computer of tomorrow either. For up to 64 people.",
              )}
            </small>
          </span>
        </label>
      </details>
      <button type="submit" class="primary wide" disabled={busy} aria-busy={busy}>
        {t("New meeting")}
      </button>
      <p class="hint" role="status">
        {busy ? t("Making the keys in your browser.") : t(model.welcome.value)}
      </p>
      {problem && problem.code !== "link" && <ProblemNote problem={problem} />}
    </form>
  );
}

function OpenLink({ model }: { model: LandingModel }) {
  const link = useSignal("");
  const id = useId();
  const problem = model.problem.value;
  const wrong = problem?.code === "link";
  return (
    <form
      class="door"
      onSubmit={(e) => {
        e.preventDefault();
        model.openLink(link.value);
      }}
    >
      <div class="labelled">
        <label for={id}>{t("Paste a meeting link")}</label>
        <div class="joined">
          <input
            id={id}
            class="field"
            type="text"
            dir="ltr"
            inputMode="url"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-invalid={wrong}
            aria-describedby={wrong ? `${id}-wrong` : undefined}
            value={link.value}
            onInput={(e) => {
              link.value = e.currentTarget.value;
            }}
          />
          <button type="submit" class="plain">
            {t("Open")}
          </button>
        </div>
      </div>
      {problem && wrong && <ProblemNote problem={problem} id={`${id}-wrong`} />}
    </form>
  );
}
