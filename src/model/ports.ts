/**
 * The ports that the composition root hands down: the only ways in which code above `runtime` and `telemetry`
 * meets time, chance and the outside observer.
 *
 * @module
 */

/** A source of time. Simulations hand in a virtual one; nothing else in the program reads a clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. It never steps while the process lives, so intervals can be taken from it. */
  now(): number;
  /**
   * Runs `callback` once after `delayMs` milliseconds.
   *
   * @returns A handle whose disposal cancels the timer; disposing twice or after firing does nothing.
   */
  setTimer(delayMs: number, callback: () => void): Disposable;
}

/** A source of randomness; seeded in tests and simulations. */
export interface Random {
  /** A uniform number in [0, 1). */
  next(): number;
}

/** Structured fields of a log record; values must survive `JSON.stringify`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger. Secrets must not be put into fields. */
export interface Logger {
  /** What only a developer asks for. */
  debug(message: string, fields?: LogFields): void;
  /** What the operator may want to know. */
  info(message: string, fields?: LogFields): void;
  /** What went wrong and was dealt with. */
  warn(message: string, fields?: LogFields): void;
  /** What went wrong and needs somebody. */
  error(message: string, fields?: LogFields): void;
}

/** Counts and measurements, named as in OpenTelemetry (`contentdownload.lease.fenced`, …). */
export interface Meter {
  /** Adds `value` (default 1) to the counter `name`. */
  count(name: string, value?: number, attributes?: Readonly<Record<string, string>>): void;
  /** Records one measurement, in the unit that `name` states. */
  record(name: string, value: number, attributes?: Readonly<Record<string, string>>): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A meter that drops everything. */
export const silentMeter: Meter = { count() {}, record() {} };
