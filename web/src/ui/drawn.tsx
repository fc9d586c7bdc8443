/** What is on the board, as it is drawn on the screen and saved. */
import type { JSX } from "preact";
import type { Stroke } from "../e2ee/protocol";

/** What the strokes' numbers are scaled to: 16 by 9. */
export const BOARD = { width: 1600, height: 900 };
export const UNITS = 4096;
/** Alike on paper in light and in dark: the board is white in both. */
export const inks = ["#1b2127", "#b3261e", "#0b6b4b", "#1f5fbf", "#8a6410", "#7a3fa0"] as const;
const widths = [4, 8, 16];
const texts = [30, 48, 80];

export const x = (n: number): number => Math.round((n * BOARD.width * 10) / UNITS) / 10;
export const y = (n: number): number => Math.round((n * BOARD.height * 10) / UNITS) / 10;

/** One stroke as it is drawn and saved. */
export function Drawn({ stroke: s }: { stroke: Omit<Stroke, "id"> }): JSX.Element {
  const [ax = 0, ay = 0, bx = ax, by = ay] = s.points;
  const pen = {
    fill: "none",
    stroke: inks[s.ink] ?? inks[0],
    "stroke-width": widths[s.size - 1] ?? 4,
    "stroke-linecap": "round" as const,
    "stroke-linejoin": "round" as const,
  };
  switch (s.shape) {
    case "text":
      return (
        <text
          x={x(ax)}
          y={y(ay)}
          direction="ltr" // it stands at the same place for all
          font-size={texts[s.size - 1]}
          font-family="system-ui, sans-serif"
          fill={pen.stroke}
        >
          {s.text}
        </text>
      );
    case "line":
      return <line x1={x(ax)} y1={y(ay)} x2={x(bx)} y2={y(by)} {...pen} />;
    case "box": {
      const size = { width: Math.abs(x(bx) - x(ax)), height: Math.abs(y(by) - y(ay)) };
      return <rect x={x(Math.min(ax, bx))} y={y(Math.min(ay, by))} {...size} {...pen} />;
    }
    case "oval": {
      const radii = { rx: Math.abs(x(bx) - x(ax)) / 2, ry: Math.abs(y(by) - y(ay)) / 2 };
      return <ellipse cx={x((ax + bx) / 2)} cy={y((ay + by) / 2)} {...radii} {...pen} />;
    }
    default: {
      const pairs: string[] = [];
      for (let i = 0; i + 1 < s.points.length; i += 2)
        pairs.push(`${x(s.points[i]!)},${y(s.points[i + 1]!)}`);
      if (pairs.length === 1) pairs.push(pairs[0]!); // a dot
      return <polyline points={pairs.join(" ")} {...pen} />;
    }
  }
}
