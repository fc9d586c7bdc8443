/** The board as a file, made in the browser. */
import { render } from "preact";
import type { DrawnStroke } from "../call/model";
import { t } from "../call/words";
import { BOARD, Drawn } from "./drawn";

/** Of the picture in pixels, for one of the board. */
const SCALE = 2;

function vectors(strokes: readonly DrawnStroke[]): Blob {
  const root = document.createElement("div");
  const { width, height } = BOARD;
  render(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
    >
      <title>{t("Board")}</title>
      <rect width={width} height={height} fill="#ffffff" />
      {strokes.map((s) => (
        <Drawn key={`${s.session} ${s.id}`} stroke={s} />
      ))}
    </svg>,
    root,
  );
  const text = new XMLSerializer().serializeToString(root.firstElementChild!);
  return new Blob([text], { type: "image/svg+xml" });
}

async function pixels(strokes: readonly DrawnStroke[]): Promise<Blob> {
  const address = URL.createObjectURL(vectors(strokes));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = BOARD.width * SCALE;
    canvas.height = BOARD.height * SCALE;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((b) => (b ? resolve(b) : reject(new Error("board: no picture"))), "image/png"),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}

export async function saveBoard(
  strokes: readonly DrawnStroke[],
  kind: "svg" | "png",
): Promise<void> {
  const blob = kind === "svg" ? vectors(strokes) : await pixels(strokes);
  const address = URL.createObjectURL(blob);
  const a = document.createElement("a");
  a.href = address;
  a.download = `board.${kind}`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it meanwhile
}
