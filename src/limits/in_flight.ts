/**
 * What a process has under way, as other processes that share the database read it.
 *
 * @module
 */

/** Requests of one limit group. */
export interface UnderWay {
  /** Those that were granted and have not ended. */
  readonly inFlight: number;
  /** Of these, those that have not left yet. */
  readonly pending: number;
}

/** Nothing under way. */
export const NONE: UnderWay = { inFlight: 0, pending: 0 };

/** Writes what is under way, by group. */
export function writeInFlight(underWay: ReadonlyMap<string, UnderWay>): string {
  return JSON.stringify(Object.fromEntries(underWay));
}

/** Reads what {@linkcode writeInFlight} wrote; what cannot be read counts as nothing. */
export function parseInFlight(json: string): ReadonlyMap<string, UnderWay> {
  try {
    // Written by this program from the same type; it is trusted as the schema is.
    const underWay: Record<string, UnderWay> = JSON.parse(json);
    return new Map(Object.entries(underWay).filter(([, { inFlight }]) => inFlight > 0));
  } catch {
    return new Map();
  }
}
