/**
 * Permits: the right to start one request against one or several limit groups. The HTTP client takes one for
 * each hop; the limits grant them; neither knows the other.
 *
 * @module
 */

/** Why a limit group takes nothing now. */
export type ClosedWhy = "concurrency" | "rate" | "cool-down" | "budget" | "probe" | "paused";

/** The answer when at least one of the groups asked for can take nothing now; no group was charged. */
export interface Closed {
  /** Tells it from a permit. */
  readonly type: "closed";
  /** The group that opens last of those asked for. */
  readonly group: string;
  /** When it opens, in milliseconds since the epoch; for concurrency an estimate. */
  readonly until: number;
  /** What stands in the way. */
  readonly why: ClosedWhy;
  /**
   * All groups that the step needs together: a job that waits must not be woken for one of them while another is closed.
   *
   * @default {[group]}
   */
  readonly needs?: readonly string[];
}

/** What became of a request, told to every group of its permit as soon as it is known. */
export type Feedback =
  | {
    readonly type: "answered";
    readonly status: number;
    /** The answer's headers, as they came. */
    readonly headers: Headers;
    /** From sending to the first byte of the answer. */
    readonly latencyMs: number;
    /** An error body's message, if the caller knows one that speaks of limits (Unpaywall's 422). */
    readonly message?: string;
    /**
     * Whether the job had failed before: what fails again may be its own file, and tells little of the host.
     *
     * @default {false}
     */
    readonly isRetry?: boolean;
  }
  | {
    readonly type: "failed";
    /**
     * `connect-failed`: no connection was made, so no request left. `unanswered`: it left, but the connection broke or
     * the caller gave up before the answer.
     */
    readonly reason: "timeout" | "connect-failed" | "tls-failed" | "unanswered";
  };

/**
 * The right to start one request. Disposal gives the concurrency slot back; a permit that is disposed before
 * any report never left, and its tokens and budget are refunded.
 */
export interface Permit extends Disposable {
  /** Tells it from a refusal. */
  readonly type: "permit";
  /** The groups that were charged, each once. */
  readonly groups: readonly string[];
  /**
   * Says that the request leaves now: the distance to the next one counts from here, since this is what the server sees.
   * Until then nobody gains by the time that passes.
   */
  depart(): void;
  /** Tells the groups what became of the request. A 429 closes them at once. */
  report(feedback: Feedback): void;
}

/** Grants permits. */
export interface PermitSource {
  /**
   * Takes one slot and one token of each of `groups`, all or none, and never waits for a group to open.
   *
   * @param groups Names of limit groups; duplicates count once. A name not seen before is a new group.
   */
  acquire(groups: readonly string[]): Promise<Permit | Closed>;
}
