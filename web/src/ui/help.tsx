import { useEffect, useRef } from "preact/hooks";
import { t } from "../call/words";
import { CloseIcon } from "./icons";
import { setSingleKeys, singleKeys } from "./keys";

const keys: readonly [string, string][] = [
  ["M", "Microphone on or off"],
  ["Space", "Hold it to talk while muted"],
  ["V", "Camera on or off"],
  ["H", "Raise or lower your hand"],
  ["G", "Everyone alike, or who speaks large"],
  ["F", "Full screen"],
  ["P", "People"],
  ["C", "Chat"],
  ["S", "Security"],
  ["1 – 9", "Pin that picture, or let it go"],
  ["Ctrl D, ⌘ D", "Microphone on or off, in fields, too"],
  ["Ctrl E, ⌘ E", "Camera on or off, in fields, too"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
];

/** The keys, and the switch that turns the single ones off. */
export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <header class="panel-head">
        <h2 id="help-title">{t("Keyboard")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close keyboard help")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd dir="ltr">{key}</kbd>
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <label class="device-row">
        <input
          type="checkbox"
          checked={singleKeys()}
          onChange={(e) => setSingleKeys(e.currentTarget.checked)}
        />
        <span class="grow">{t("Use single keys")}</span>
      </label>
    </dialog>
  );
}
