/**
 * The state of adaptive control, its events and its options; the rules are in `adaptive_rate.ts`.
 *
 * @module
 */

/** Options of adaptive control. */
export interface AdaptiveOptions {
  /**
   * Starts a second of a host that nothing is known of. The default stands a little below one a second, and so
   * do the steps up from it below each whole number, because people choose whole numbers for limits.
   *
   * @default {0.98}
   */
  readonly initialPerSecond: number;
  /**
   * What is added to the rate after each {@linkcode holdMs} without a refusal, or a tenth of the rate if that is
   * more: about 10 a second after 10 seconds, from there on doubled every 7 seconds.
   *
   * @default {0.98}
   */
  readonly increasePerSecond: number;
  /**
   * What the rate is multiplied by when it is refused and no lower one is known to hold.
   *
   * @default {0.5}
   */
  readonly decreaseFactor: number;
  /**
   * The rate never falls below this.
   *
   * @default {1 / 60}
   */
  readonly floorPerSecond: number;
  /**
   * The rate never rises above this.
   *
   * @default {50}
   */
  readonly ceilingPerSecond: number;
  /**
   * Concurrency never rises above this.
   *
   * @default {4}
   */
  readonly maxConcurrency: number;
  /**
   * How long a rate has to hold before the next step up, in milliseconds.
   *
   * @default {1000}
   */
  readonly holdMs: number;
  /**
   * A rate that holds and one that failed this close together (as a ratio) end the search between them.
   *
   * @default {1.04}
   */
  readonly narrowRatio: number;
  /**
   * How long after a search has ended the rate that failed is tried again, in milliseconds; doubled by each failure.
   *
   * @default {60_000}
   */
  readonly probeWaitMs: number;
  /**
   * The longest wait between such tries and the longest cool-down of its own, in milliseconds. (A `Retry-After` is
   * not touched by it.)
   *
   * @default {3_600_000}
   */
  readonly maxWaitMs: number;
}

/** The defaults of {@linkcode AdaptiveOptions}. */
export const ADAPTIVE_DEFAULTS: AdaptiveOptions = {
  initialPerSecond: 0.98,
  increasePerSecond: 0.98,
  decreaseFactor: 0.5,
  floorPerSecond: 1 / 60,
  ceilingPerSecond: 50,
  maxConcurrency: 4,
  holdMs: 1_000,
  narrowRatio: 1.04,
  probeWaitMs: 60_000,
  maxWaitMs: 3_600_000,
};

/** What happened. Every request is `started` once, `departed` once, then told once by one of `ok`, `limited`, `busy`, `timeout`, `abandoned`; or it is `started` and `returned`. */
export type AdaptiveEvent =
  /** A request was granted. */
  | { readonly type: "started" }
  /** It left, at `atMs` in milliseconds since the epoch, which is from where the distance to the next one counts. */
  | { readonly type: "departed"; readonly atMs: number }
  /** An answer came that is no refusal, whatever its status. */
  | {
    readonly type: "ok";
    /** When its request was started, in milliseconds since the epoch. */
    readonly startedAtMs: number;
    /** From the start to the first byte. */
    readonly latencyMs: number;
  }
  /** A 503 came that does not say when to come back: overload, a limit, or one broken file. */
  | {
    readonly type: "busy";
    readonly startedAtMs: number;
    /** Whether the request was of a job that had failed before. */
    readonly isRetry?: boolean | undefined;
  }
  /** A 429 or another refusal came. (An archived one, with `Memento-Datetime`, is `ok`: the archive answered.) */
  | { readonly type: "limited"; readonly startedAtMs: number }
  /** No answer came in time. */
  | { readonly type: "timeout"; readonly startedAtMs: number }
  /** The request says nothing of the host. */
  | { readonly type: "abandoned"; readonly startedAtMs: number }
  /** The request never left: the one before it is the last again. It has neither departed nor is anything told of it. */
  | { readonly type: "returned"; readonly startedAtMs: number }
  /** The slot came free, `heldMs` after the start: what Little's law counts. */
  | { readonly type: "finished"; readonly heldMs: number };

/** All that adaptive control knows of a group; plain JSON, so that it survives a restart. */
export interface AdaptiveState {
  /** Between two starts. */
  readonly intervalMs: number;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** The shortest interval that has held since the last doubt. */
  readonly goodMs: number | null;
  /** The longest interval that was refused while {@linkcode goodMs} held. */
  readonly badMs: number | null;
  /** How much faster the next step is, as a fraction, while the edge is tried anew; `null` for the ordinary step. */
  readonly stride: number | null;
  /** When the interval or the concurrency changed; requests started before tell nothing of the new one. */
  readonly changedAtMs: number;
  /** Answers to requests started since then. */
  readonly answered: number;
  /** Starts since then that came as fast as the interval allows. */
  readonly paced: number;
  /** Refusals since the last answer, those of one moment counted once. */
  readonly refusals: number;
  /** No start before this instant, in milliseconds since the epoch. */
  readonly openAtMs: number;
  /** When the one probe was started that decides how a cool-down goes on; `null` if none is under way. */
  readonly probeStartedAtMs: number | null;
  /** When the edge may be tried anew. */
  readonly probeAtMs: number;
  /** How long the next such wait is. */
  readonly probeWaitMs: number;
  /** The last start. */
  readonly lastStartMs: number | null;
  /** The one before, which counts again when the last never left. */
  readonly beforeLastStartMs: number | null;
  /** The last start that got an answer. */
  readonly lastOkStartMs: number | null;
  /** Since when {@linkcode delivered} counts. */
  readonly deliveredSinceMs: number | null;
  /** Answers since the last recovery from refusals. */
  readonly delivered: number;
  /** Smoothed time to the first byte, and the least of it. */
  readonly latencyMs: number | null;
  /** The least smoothed time to the first byte. */
  readonly bestLatencyMs: number | null;
  /** Smoothed time from the grant of a request until its answer was known. */
  readonly answerMs: number | null;
  /** Smoothed time that a slot is held. */
  readonly heldMs: number | null;
  /** When a request was refused from when on no pause was so long that the host's bucket drained; `null` if none was. */
  readonly fullAtMs: number | null;
  /** Answers since then. */
  readonly sinceFull: number;
  /** The least distance of two starts that were both answered; `null` if none is known. */
  readonly leastOkGapMs: number | null;
  /** Answers since the last 503. */
  readonly sinceBusy: number;
  /** Smoothed share of 503s among the answers. */
  readonly busyShare: number;
  /** The interval at which lone 503s began to be doubted, while slower ones are tried. */
  readonly doubtedMs: number | null;
  /** Answers at intervals from {@linkcode takenMs} to half as long again, whatever came between them. */
  readonly taken: number;
  /** Where {@linkcode taken} began to count. */
  readonly takenMs: number;
  /** The shortest interval at which many answers came and few 503s; `null` if there is none. */
  readonly provenMs: number | null;
  /** Whether lone 503s were found to have nothing to do with the rate. */
  readonly isUnrelated: boolean;
  /** A concurrency that was refused; it is not tried again before {@linkcode probeAtMs}. */
  readonly badConcurrency: number | null;
  /** Whether the last change raised the concurrency, which a refusal then speaks against. */
  readonly raisedConcurrency: boolean;
}

/** The state of a group that nothing is known of. */
export function initialAdaptiveState(options: AdaptiveOptions = ADAPTIVE_DEFAULTS): AdaptiveState {
  return {
    intervalMs: 1000 / options.initialPerSecond,
    concurrency: 1,
    goodMs: null,
    badMs: null,
    stride: null,
    changedAtMs: 0,
    answered: 0,
    paced: 0,
    refusals: 0,
    openAtMs: 0,
    probeStartedAtMs: null,
    probeAtMs: 0,
    probeWaitMs: options.probeWaitMs,
    lastStartMs: null,
    beforeLastStartMs: null,
    lastOkStartMs: null,
    deliveredSinceMs: null,
    delivered: 0,
    latencyMs: null,
    bestLatencyMs: null,
    answerMs: null,
    heldMs: null,
    sinceBusy: 0,
    busyShare: 0,
    fullAtMs: null,
    sinceFull: 0,
    leastOkGapMs: null,
    doubtedMs: null,
    taken: 0,
    takenMs: 0,
    provenMs: null,
    isUnrelated: false,
    badConcurrency: null,
    raisedConcurrency: false,
  };
}
