/** Which client this browser keeps, and the question when the server has another. */
import type { VersionModel } from "../call/model";
import { t } from "../call/words";
import { WarnIcon } from "./icons";
import { regional } from "./text";

/** Enough to be compared by eye with another browser's or with what the project publishes. */
export function shortHash(hash: string): string {
  return (hash.slice(0, 16).match(/.{4}/g) ?? []).join(" ");
}

const day = (at: number): string =>
  new Intl.DateTimeFormat(regional(), { dateStyle: "medium" }).format(at);

/** Outside of meetings: taking another version loads the page anew. */
export function VersionNote({ model }: { model: VersionModel }) {
  const offered = model.offered.value;
  if (model.broken.value)
    return (
      <div class="problem version" role="alert">
        <WarnIcon />
        <div>
          <strong>{t("This server's page is not what the server says it is")}</strong>
          <p>
            {t(
              "Its files do not fit its own list. This browser took nothing of it, and keeps what it had. Ask who runs this server.",
            )}
          </p>
        </div>
      </div>
    );
  if (!offered) return null;
  const taking = model.taking.value;
  return (
    <section class="version" aria-label={t("Another version")}>
      <h2>{t("This server offers another version of this page")}</h2>
      <p class="soft">
        {t("You use {mine}, since {day}. The other one is {other}.", {
          mine: shortHash(model.pinned.value),
          day: day(model.since.value),
          other: shortHash(offered),
        })}
      </p>
      <div class="row">
        <button
          type="button"
          class="primary small"
          disabled={taking}
          aria-busy={taking}
          onClick={() => model.take()}
        >
          {t("Take it")}
        </button>
        <button type="button" class="plain small" disabled={taking} onClick={() => model.refuse()}>
          {t("Keep mine")}
        </button>
      </div>
    </section>
  );
}

/** For the security panel. */
export function VersionFacts({ model }: { model: VersionModel }) {
  const pinned = model.pinned.value;
  return (
    <section>
      <h3>{t("This page")}</h3>
      {pinned ? (
        <p>
          {t("Version {hash}, kept in this browser since {day}.", {
            hash: shortHash(pinned),
            day: day(model.since.value),
          })}
        </p>
      ) : (
        <p>{t("This browser keeps no version: the page came from the server just now.")}</p>
      )}
      {model.offered.value && (
        <p class="soft">
          {t("The server offers {other}. You are asked when you are out of the meeting.", {
            other: shortHash(model.offered.value),
          })}
        </p>
      )}
      {model.broken.value && (
        <p class="warning">
          <WarnIcon />
          <span>{t("This server's page is not what the server says it is")}</span>
        </p>
      )}
    </section>
  );
}
