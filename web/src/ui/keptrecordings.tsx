/** The recordings that lie in this browser. Apart from recording itself, which the join page does not load. */
import { useSignal } from "@preact/signals";
import type { KeptModel } from "../call/model";
import { language, t } from "../call/words";
import { regional } from "./text";

const MEGA = 1_000_000;

/** What lies in this browser, to be saved or deleted. */
export function KeptRecordings({ model }: { model: KeptModel }) {
  const kept = model.list.value;
  if (kept.length === 0) return null;
  const lang = language.value;
  const day = new Intl.DateTimeFormat(regional(), { dateStyle: "medium", timeStyle: "short" });
  const size = new Intl.NumberFormat(lang, {
    style: "unit",
    unit: "megabyte",
    maximumFractionDigits: 1,
  });
  return (
    <section class="kept" aria-label={t("Recordings in this browser")}>
      <h2>{t("Recordings in this browser")}</h2>
      <ul>
        {kept.map((k) => (
          <li key={k.name}>
            <span class="grow">
              {day.format(k.at)}
              <small class="soft block">
                {size.format(k.size / MEGA)}
                {k.sealed && ` · ${t("sealed")}`}
              </small>
            </span>
            <button type="button" class="plain small" onClick={() => model.save(k.name)}>
              {t("Save")}
            </button>
            <Delete press={() => model.remove(k.name)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Asks once more: there is no other copy. */
function Delete({ press }: { press: () => void }) {
  const sure = useSignal(false);
  return (
    <button
      type="button"
      class="plain small"
      onBlur={() => {
        sure.value = false;
      }}
      onClick={() => {
        if (sure.value) press();
        sure.value = !sure.value;
      }}
    >
      {sure.value ? t("Really delete") : t("Delete")}
    </button>
  );
}
