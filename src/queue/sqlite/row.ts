/**
 * Typed reading of rows; a column of another type is a defect of ours and throws.
 *
 * @module
 */

/** A row as `node:sqlite` gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** The integer in a column. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") {
    throw new TypeError(`Cannot read column "${column}": ${typeof value} is no number`);
  }
  return value;
}

/** The integer in a column, or `null`. */
export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

/** The text in a column. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") {
    throw new TypeError(`Cannot read column "${column}": ${typeof value} is no text`);
  }
  return value;
}

/** The text in a column, or `null`. */
export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}
