/** The board: drawn as a picture of vectors, by pointer or by keyboard. Loaded when it is opened. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { DrawnStroke, MeetingModel } from "../call/model";
import { t, tn } from "../call/words";
import type { Stroke } from "../e2ee/protocol";
import { saveBoard } from "./boardfile";
import { BOARD, Drawn, UNITS, x, y } from "./drawn";
import { CloseIcon } from "./icons";

type Shape = Stroke["shape"];
/** Of the cross for who draws by keyboard. */
const STEP = 64;
const LEAP = 256;

const shapes: readonly [Shape, string][] = [
  ["pen", "Pen"],
  ["line", "Line"],
  ["box", "Box"],
  ["oval", "Oval"],
  ["text", "Text"],
];
const colours = ["Black", "Red", "Green", "Blue", "Brown", "Violet"];

export function BoardSheet({ model }: { model: MeetingModel }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const id = useId();
  const { board, host } = model;
  const shape = useSignal<Shape>("pen");
  const ink = useSignal(0);
  const size = useSignal(1);
  const text = useSignal("");
  const barred = host.barred.value.chat;
  const said = useSignal("");
  const draw = (points: number[]): void => {
    const whole = shape.value === "pen" || shape.value === "text" || points.length === 4;
    const words = shape.value === "text" ? text.value : "";
    if (!whole || barred) return;
    const done = board.draw({
      shape: shape.value,
      ink: ink.value,
      size: size.value,
      points: shape.value === "text" ? points.slice(0, 2) : points,
      text: words,
    });
    if (done) said.value = t("Drawn");
    else if (shape.value === "text") said.value = t("First write what is to be on the board.");
  };
  const style = { shape: shape.value, ink: ink.value, size: size.value, text: text.value };
  const drawn = board.strokes.value;
  return (
    <dialog ref={dialog} class="sheet board" aria-labelledby={id} onClose={() => board.show(false)}>
      <header class="panel-head">
        <h2 id={id}>{t("Board")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close the board")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <Surface strokes={drawn} style={style} draw={draw} barred={barred} />
      {barred ? (
        <p class="soft board-note">{t("Only hosts draw now.")}</p>
      ) : (
        <div class="board-tools">
          <Choice
            label={t("Tool")}
            values={shapes.map(([, word]) => t(word))}
            now={shapes.findIndex(([s]) => s === shape.value)}
            set={(n) => {
              shape.value = shapes[n]?.[0] ?? "pen";
            }}
          />
          <Choice
            label={t("Colour")}
            values={colours.map((c) => t(c))}
            now={ink.value}
            set={(n) => {
              ink.value = n;
            }}
          />
          <Choice
            label={t("Size")}
            values={[t("fine"), t("medium"), t("thick")]}
            now={size.value - 1}
            set={(n) => {
              size.value = n + 1;
            }}
          />
          {shape.value === "text" && (
            <label class="labelled">
              <span>{t("Text to place")}</span>
              <input
                class="field"
                maxLength={120}
                value={text.value}
                onInput={(e) => {
                  text.value = e.currentTarget.value;
                }}
              />
            </label>
          )}
          <button
            type="button"
            class="plain small"
            disabled={board.own.value === 0}
            onClick={() => board.undo()}
          >
            {t("Undo")}
          </button>
          <button
            type="button"
            class="plain small"
            disabled={board.own.value === 0}
            onClick={() => board.clear()}
          >
            {t("Erase what is mine")}
          </button>
        </div>
      )}
      <div class="board-tools">
        <button
          type="button"
          class="plain small"
          disabled={drawn.length === 0}
          onClick={() => void saveBoard(drawn, "svg")}
        >
          {t("Save as SVG")}
        </button>
        <button
          type="button"
          class="plain small"
          disabled={drawn.length === 0}
          onClick={() => void saveBoard(drawn, "png")}
        >
          {t("Save as PNG")}
        </button>
      </div>
      {!barred && (
        <p class="soft board-note only-wide">
          {t("With the arrow keys you move the cross, Enter begins and ends a stroke.")}
        </p>
      )}
      <span class="hidden" role="status">
        {said.value}
      </span>
    </dialog>
  );
}

interface ChoiceProps {
  label: string;
  values: readonly string[];
  now: number;
  set: (n: number) => void;
}

function Choice({ label, values, now, set }: ChoiceProps) {
  const id = useId();
  return (
    <div class="labelled">
      <label for={id}>{label}</label>
      <select id={id} class="field" onChange={(e) => set(e.currentTarget.selectedIndex)}>
        {values.map((v, n) => (
          <option key={v} selected={n === now}>
            {v}
          </option>
        ))}
      </select>
    </div>
  );
}

interface SurfaceProps {
  strokes: readonly DrawnStroke[];
  style: Omit<Stroke, "id" | "points">;
  draw: (points: number[]) => void;
  barred: boolean;
}

/** Where one draws. Keyboard: arrows move a cross, Enter begins and ends, Escape gives up. */
function Surface({ strokes, style, draw, barred }: SurfaceProps) {
  const points = useSignal<number[]>([]);
  const cross = useSignal<[number, number] | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const at = (e: PointerEvent): [number, number] => {
    const box = svg.current!.getBoundingClientRect();
    return [
      ((e.clientX - box.left) / box.width) * UNITS,
      ((e.clientY - box.top) / box.height) * UNITS,
    ];
  };
  const free = style.shape === "pen";
  const end = (): void => {
    if (points.value.length > 0) draw(points.value);
    points.value = [];
  };
  const go = (to: [number, number]): void => {
    if (points.value.length === 0) return;
    points.value = free ? [...points.value, ...to] : [...points.value.slice(0, 2), ...to];
  };
  const keys = (e: KeyboardEvent): void => {
    const step = e.shiftKey ? LEAP : STEP;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const [cx, cy] = cross.value ?? [UNITS / 2, UNITS / 2];
    const move = moves[e.key];
    if (move) {
      const inside = (n: number): number => Math.min(UNITS - 1, Math.max(0, n));
      cross.value = [inside(cx + move[0]), inside(cy + move[1])];
      go(cross.value);
    } else if (e.key === "Enter") {
      cross.value = [cx, cy];
      if (points.value.length > 0) end();
      else if (style.shape === "text") draw([cx, cy]);
      else points.value = [cx, cy];
    } else if (e.key === "Escape" && points.value.length > 0) points.value = [];
    else return;
    e.preventDefault();
  };
  return (
    <div
      class="board-paper"
      role="application"
      aria-label={tn(strokes.length, "Board with 1 stroke", "Board with {n} strokes")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is drawn on by keyboard, too
      tabIndex={0}
      onKeyDown={barred ? undefined : keys}
      onBlur={() => {
        cross.value = null;
        points.value = [];
      }}
      onPointerDown={(e) => {
        if (barred || e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        cross.value = null;
        points.value = at(e);
      }}
      onPointerMove={(e) => {
        if (e.buttons > 0) for (const one of e.getCoalescedEvents?.() ?? [e]) go(at(one));
      }}
      onPointerUp={end}
      onPointerCancel={() => {
        points.value = [];
      }}
    >
      <svg ref={svg} viewBox={`0 0 ${BOARD.width} ${BOARD.height}`} aria-hidden="true">
        {strokes.map((s) => (
          <Drawn key={`${s.session} ${s.id}`} stroke={s} />
        ))}
        {points.value.length > 0 && style.shape !== "text" && (
          <Drawn stroke={{ ...style, points: points.value }} />
        )}
        {cross.value && (
          <g class="board-cross">
            <line
              x1={x(cross.value[0]) - 20}
              x2={x(cross.value[0]) + 20}
              y1={y(cross.value[1])}
              y2={y(cross.value[1])}
            />
            <line
              y1={y(cross.value[1]) - 20}
              y2={y(cross.value[1]) + 20}
              x1={x(cross.value[0])}
              x2={x(cross.value[0])}
            />
          </g>
        )}
      </svg>
    </div>
  );
}
