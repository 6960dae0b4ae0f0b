/**
 * Errors named by their effect on the program.
 *
 * @module
 */

/** Bad usage, configuration or input: the program prints the message alone and exits with 2. */
export class InputError extends Error {
  /** Tells it from other errors, across workers too. */
  override readonly name = "InputError";
}

/** The program cannot go on (disk full, database corrupt, permission denied): one line, exit code 1. */
export class FatalError extends Error {
  /** Tells it from other errors, across workers too. */
  override readonly name = "FatalError";
}

/** Another process keeps the database locked: nothing was changed, and the same may go well later. */
export class LockedError extends FatalError {}

/** A job is another's by now: what was done of it is dropped. */
export class LeaseLostError extends Error {
  /** Tells it from other errors. */
  override readonly name = "LeaseLostError";
}

/** The text of anything that was thrown, errors or not, with the innermost cause's text where it differs. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  let cause: unknown = thrown.cause;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const inner = cause instanceof Error ? cause.message : "";
  return inner && !thrown.message.includes(inner) ? `${thrown.message}: ${inner}` : thrown.message;
}
