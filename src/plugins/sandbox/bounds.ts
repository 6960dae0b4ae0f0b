/**
 * What a plugin may use up.
 *
 * @module
 */

const MIB = 1024 * 1024;

/** Bounds of the sandbox. All of them hold per plugin. */
export interface SandboxBounds {
  /** Memory of the plugin's WebAssembly instance, in bytes; at least 18 MiB. @default 64 MiB */
  readonly memoryBytes: number;
  /** Stack of the plugin's interpreter, in bytes. @default 256 KiB */
  readonly stackBytes: number;
  /** Time that the plugin may compute without giving control back, in milliseconds. @default 2,000 */
  readonly entryCpuMs: number;
  /** Time from the start of a call to its end, waiting for answers included, in milliseconds. @default 60,000 */
  readonly callWallMs: number;
  /** Time in which a new worker must say that it is ready, in milliseconds. @default 30,000 */
  readonly startMs: number;
  /** Time after which a guest that keeps its worker from reacting is destroyed, in milliseconds. @default 10,000 */
  readonly unresponsiveMs: number;
  /** Size of a plugin's source, in characters. @default 1 Mi */
  readonly sourceChars: number;
  /** Size of what one call gives back, as JSON, in characters. @default 1 Mi */
  readonly answerChars: number;
  /** Size of all answers of `ctx.fetch` in one call together, in characters. @default 8 Mi */
  readonly bodyChars: number;
  /** Size of one text that the plugin takes in or hands to `ctx.html` and `ctx.xml`, in characters. @default 2 Mi */
  readonly textChars: number;
  /** Log lines of one call; more are dropped and counted. @default 100 */
  readonly logLinesPerCall: number;
  /** Characters of one log line; the rest is cut off. @default 2,000 */
  readonly logLineChars: number;
  /** Requests of one call; more are refused. @default 50 */
  readonly fetchesPerCall: number;
  /** Requests of one call that are under way at a time; more wait. @default 4 */
  readonly fetchesAtOnce: number;
  /** Broken bounds after which a plugin is left out for the rest of the run. @default 3 */
  readonly breaksBeforeLeftOut: number;
}

/** The bounds that hold unless others are handed in. */
export const DEFAULT_BOUNDS: SandboxBounds = {
  memoryBytes: 64 * MIB,
  stackBytes: 256 * 1024,
  entryCpuMs: 2_000,
  callWallMs: 60_000,
  startMs: 30_000,
  unresponsiveMs: 10_000,
  sourceChars: MIB,
  answerChars: MIB,
  bodyChars: 8 * MIB,
  textChars: 2 * MIB,
  logLinesPerCall: 100,
  logLineChars: 2_000,
  fetchesPerCall: 50,
  fetchesAtOnce: 4,
  breaksBeforeLeftOut: 3,
};

/** A bound that a plugin broke; `crash` is a trap of its interpreter, `unresponsive` a loop that only the host could end. */
export const BOUNDS_BROKEN = [
  "cpu",
  "memory",
  "answer-size",
  "message-size",
  "crash",
  "unresponsive",
] as const;

/** A bound that a plugin broke. */
export type BoundBroken = typeof BOUNDS_BROKEN[number];
