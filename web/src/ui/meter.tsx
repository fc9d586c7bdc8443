import { t } from "../call/words";

const BARS = 14;

/** How loud the microphone is, in bars. */
export function LevelMeter({ level, word }: { level: number; word: string }) {
  return (
    <div class="meter">
      <span class="meter-word" aria-hidden="true">
        {word}
      </span>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers differ in what a meter element may look like */}
      <span
        class="bars"
        role="meter"
        aria-label={t("Microphone level")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(level * 100)}
      >
        {Array.from({ length: BARS }, (_, i) => (
          <i key={i} class={level * BARS > i + 0.5 ? "lit" : ""} />
        ))}
      </span>
    </div>
  );
}
