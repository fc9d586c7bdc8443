/** The connection test: a page of its own, which nobody loads who does not ask for it. */
import { render } from "preact";
import { useEffect } from "preact/hooks";
import type { Env } from "../call/env";
import { type Hop, hops, Probe, type ProbeModel, type State } from "../call/probe";
import { firstLanguage, language, msg, speak, t } from "../call/words";
import { post, understand } from "../wire/http";
import { parseProbed } from "../wire/wire.gen";
import { CheckIcon, CloseIcon, WarnIcon } from "./icons";
import { Coded, Head } from "./parts";

const named: Record<Hop, string> = {
  page: msg("The page (HTTPS)"),
  socket: msg("The line to the server (websocket)"),
  udp: msg("Sound and pictures by UDP"),
  tcp: msg("Sound and pictures by TCP"),
  "relay-udp": msg("The relay by UDP (TURN)"),
  "relay-tcp": msg("The relay by TCP (TURN)"),
  "relay-tls": msg("The relay in TLS (TURN)"),
};

const told: Record<State, string> = {
  waits: msg("Not tried yet"),
  trying: msg("Being tried"),
  open: msg("Gets through"),
  shut: msg("Does not get through"),
  absent: msg("Not offered by this server"),
  unknown: msg("Could not be tried"),
};

/** Name and version of the browser, and nothing else of what it says of itself. */
const browser = (): string =>
  /(Firefox|Edg|Chrome|Version)\/\d+/.exec(navigator.userAgent)?.[0] ?? "another";

export function showProbe(env: Env, root: HTMLElement): void {
  void speak(firstLanguage(env.browser, env.languages));
  const model = new Probe({
    origin: env.origin,
    browser: browser(),
    makePeerConnection: (config) => new RTCPeerConnection(config),
    ask: async (sdp) => understand(parseProbed, await post("/api/probe", { sdp })),
    page: async () => {
      const res = await fetch("/healthz", { cache: "no-store" });
      if (!res.ok) throw new Error("the server is not well");
    },
    connect: () => env.connect(),
    after: env.after,
    now: env.now,
    save: env.save,
  });
  render(<ProbePage model={model} />, root);
}

export function ProbePage({ model }: { model: ProbeModel }) {
  const lang = language.value;
  const verdict = model.verdict.value;
  const { host, port } = model;
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = `${t("Connection test")} · Incamera`;
  }, [lang]);
  return (
    <div class="app admin">
      <Head />
      <main class="ledger probe">
        <div class="ledger-head">
          <h1 tabIndex={-1}>{t("Connection test")}</h1>
          <p class="soft">
            {t(
              "Every way from this browser to the server is tried. Nobody else is asked, and nothing is kept.",
            )}
          </p>
        </div>
        <div class={`found ${verdict?.grade ?? ""}`} role="status">
          {verdict ? (
            <>
              {verdict.grade === "good" ? <CheckIcon /> : <WarnIcon />}
              <div>
                <strong>{t(verdict.title)}</strong>
                <p>{t(verdict.text)}</p>
                {verdict.remedy && (
                  <p>
                    <Coded text={t(verdict.remedy, { host, port })} />
                  </p>
                )}
              </div>
            </>
          ) : (
            <p>{t("This takes up to half a minute.")}</p>
          )}
        </div>
        <ul class="entries">
          {hops.map((hop) => (
            <Row key={hop} hop={hop} state={model.found.value[hop]} />
          ))}
        </ul>
        <div class="row">
          <button
            type="button"
            class="primary"
            disabled={!verdict}
            aria-busy={!verdict}
            onClick={() => model.run()}
          >
            {t("Test again")}
          </button>
          <button type="button" class="plain" disabled={!verdict} onClick={() => model.save()}>
            {t("Save the report")}
          </button>
          <a href="/">{t("Back to the start")}</a>
        </div>
      </main>
    </div>
  );
}

function Row({ hop, state }: { hop: Hop; state: State }) {
  return (
    <li>
      <span>{t(named[hop])}</span>
      <span class={`hop ${state}`}>
        {state === "open" && <CheckIcon />}
        {state === "shut" && <CloseIcon />}
        {t(told[state])}
      </span>
    </li>
  );
}
