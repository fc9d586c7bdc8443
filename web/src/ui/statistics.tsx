/** Statistics for the curious: a table of streams, and what became of frames. Loaded when it is opened. */
import { useEffect, useId, useRef } from "preact/hooks";
import type { MeetingModel, StreamRow } from "../call/model";
import { language, t } from "../call/words";
import type { Counters } from "../e2ee/protocol";
import { CloseIcon } from "./icons";

const sources: Readonly<Record<StreamRow["source"], string>> = {
  mic: "Microphone",
  camera: "Camera",
  screen: "Screen",
  "screen-audio": "Sound of the screen",
};

const reasons: Readonly<Record<keyof Counters["dropped"], string>> = {
  noKey: "no key yet",
  wrongOwner: "of somebody else than announced",
  withheld: "of what the host has switched off",
  badTag: "altered, or under a wrong key",
  replay: "sent twice",
  malformed: "malformed",
  empty: "empty",
};

export function StatisticsSheet({ model, close }: { model: MeetingModel; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => model.statistics.watch(), [model]);
  const id = useId();
  const rows = model.statistics.rows.value;
  const counters = model.statistics.counters.value;
  return (
    <dialog ref={dialog} class="sheet statistics" aria-labelledby={id} onClose={close}>
      <header class="panel-head">
        <h2 id={id}>{t("Statistics")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close statistics")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <p class="soft">{t("Counted by this browser. Nobody is told.")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section class="wide-table" tabIndex={0} aria-label={t("Streams")}>
        <Table title={t("Sent")} rows={rows.filter((r) => r.seat < 0)} />
        <Table title={t("Received")} rows={rows.filter((r) => r.seat >= 0)} />
      </section>
      {counters && <Frames counters={counters} />}
    </dialog>
  );
}

const number = (n: number, digits = 0): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(n);
const share = (n: number): string =>
  new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 1 }).format(n);
const orDash = (n: number | null, f: (n: number) => string): string => (n === null ? "–" : f(n));
const millis = (n: number): string => `${number(n)} ms`;

function Table({ title, rows }: { title: string; rows: readonly StreamRow[] }) {
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          {[
            t("Source"),
            t("Codec"),
            t("Picture"),
            t("Bit rate"),
            t("Lost"),
            t("Jitter"),
            t("Round trip"),
          ].map((h) => (
            <th key={h} scope="col">
              {h}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((r) => (
          <tr key={r.id}>
            <th scope="row">
              {t(sources[r.source])}
              {r.layer && ` ${r.layer}`}
              {r.name && (
                <>
                  {" · "}
                  <bdi>{r.name}</bdi>
                </>
              )}
            </th>
            {[
              r.codec || "–",
              r.width > 0 ? `${r.width} × ${r.height}, ${number(r.rate)}/s` : "–",
              `${number(r.bits / 1000)} kbit/s`,
              orDash(r.lost, share),
              orDash(r.jitter, millis),
              orDash(r.roundTrip, millis),
            ].map((figure, i) => (
              <td key={i}>
                <bdi dir="ltr">{figure}</bdi>
              </td>
            ))}
          </tr>
        ))}
        {rows.length === 0 && (
          <tr>
            <td colSpan={7}>{t("Nothing at the moment.")}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Frames({ counters: c }: { counters: Counters }) {
  const sum = (r: Readonly<Record<string, number>>): number =>
    Object.values(r).reduce((a, b) => a + b, 0);
  const lines: [string, string][] = [
    [t("Frames sealed"), number(sum(c.sealed))],
    [t("Frames opened"), number(c.opened)],
    [t("Frames not sent for want of a key"), number(sum(c.unsealed))],
    ...Object.entries(reasons).map(([key, why]): [string, string] => [
      t("Frames dropped: {why}", { why: t(why) }),
      number(c.dropped[key as keyof Counters["dropped"]]),
    ]),
    [t("Time to seal a frame"), `${number(c.sealMicros)} µs`],
    [t("Time to open a frame"), `${number(c.openMicros)} µs`],
  ];
  return (
    <dl class="figures">
      {lines.map(([what, n]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>
            <bdi dir="ltr">{n}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
