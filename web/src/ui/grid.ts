/** How tiles are laid out: pure. */

export interface Layout {
  columns: number;
  rows: number;
  /** Size of one tile, px. */
  width: number;
  height: number;
}

const RATIO = 16 / 9;

/** The columns and rows in which n tiles of 16:9 become largest in a stage of that size. */
export function layoutGrid(n: number, width: number, height: number, gap: number): Layout {
  let best: Layout = { columns: 1, rows: Math.max(1, n), width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, n); columns++) {
    const rows = Math.ceil(Math.max(1, n) / columns);
    const w = (width - gap * (columns - 1)) / columns;
    const h = (height - gap * (rows - 1)) / rows;
    const tile = Math.max(0, Math.min(w, h * RATIO));
    if (tile > best.width + 0.5) best = { columns, rows, width: Math.floor(tile), height: Math.floor(tile / RATIO) };
  }
  return best;
}
