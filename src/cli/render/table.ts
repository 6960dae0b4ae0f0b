/**
 * Tables for people.
 *
 * @module
 */

import { printable } from "./printable.ts";

/** How a column looks. */
export interface Column {
  readonly title: string;
  /** @default "left" */
  readonly align?: "left" | "right";
}

/** Between two columns. */
const GAP = "  ";
/** No column is cut below this. */
const LEAST = 8;

/**
 * Lays out rows under titles.
 *
 * @param columns One for each cell of a row.
 * @param maxColumns Width of the terminal; the widest columns are cut to fit. `null` cuts nothing.
 * @returns Lines, each with its end; nothing trails.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxColumns: number | null,
): string {
  const shown = rows.map((row) => row.map(printable));
  const widths = columns.map(({ title }, index) =>
    shown.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? "")), widthOf(title))
  );
  if (maxColumns !== null) fit(widths, maxColumns - GAP.length * (columns.length - 1));
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? "left")).join(GAP)
      .trimEnd();
  return [columns.map(({ title }) => title), ...shown].map((cells) => `${line(cells)}\n`).join("");
}

/** Takes from the widest column until all fit. */
function fit(widths: number[], room: number): void {
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= LEAST) return;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const cut = widthOf(text) > width ? `${[...text].slice(0, Math.max(0, width - 1)).join("")}…` : text;
  const space = " ".repeat(Math.max(0, width - widthOf(cut)));
  return align === "right" ? space + cut : cut + space;
}

/** Characters, not units of UTF-16. */
function widthOf(text: string): number {
  return [...text].length;
}
