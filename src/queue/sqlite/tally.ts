/**
 * The counters of one write transaction.
 *
 * @module
 */

import type { LaneBook } from "../lane_book.ts";
import type { Connection } from "./connection.ts";
import * as sql from "./statements.ts";

/** What the counters belong to. */
export interface TallyContext {
  readonly connection: Connection;
  readonly lanes: LaneBook;
  readonly now: number;
}

/**
 * Notes what changes of rows do to the counters, and writes each counter once, just before the commit: a transaction of a
 * hundred settlements updates a handful of counter rows.
 */
export class Tally {
  readonly #context: TallyContext;
  readonly #states = new Map<number, number>();
  readonly #reasons = new Map<string, number>();
  readonly #ready = new Map<number, number>();

  constructor(context: TallyContext) {
    this.#context = context;
  }

  /** Counts jobs of a state. */
  state(state: number, delta: number): void {
    count(this.#states, state, delta);
  }

  /** Counts jobs that go from a state to another one. */
  move(from: number, to: number, jobs: number): void {
    count(this.#states, from, -jobs);
    count(this.#states, to, jobs);
  }

  /** Counts records of a reason. */
  reason(reason: string, delta: number): void {
    count(this.#reasons, reason, delta);
  }

  /** Counts ready jobs, in the book at once: a job that was just given back can be chosen in the same write. */
  ready(lane: number, delta: number): void {
    count(this.#ready, lane, delta);
    this.#context.lanes.adjust(lane, delta, this.#context.now);
  }

  /**
   * Writes the counters.
   *
   * @param takeSeq Gives the number of the write, which a lane's row carries.
   */
  flush(takeSeq: () => number): void {
    const { connection } = this.#context;
    for (const [lane, delta] of this.#ready) {
      if (delta !== 0) connection.statement(sql.ADJUST_LANE).run(lane, delta, takeSeq());
    }
    for (const [state, delta] of this.#states) {
      if (delta !== 0) connection.statement(sql.ADJUST_COUNT).run(state, delta);
    }
    for (const [reason, delta] of this.#reasons) {
      if (delta !== 0) connection.statement(sql.ADJUST_REASON).run(reason, delta);
    }
    this.#ready.clear();
    this.#states.clear();
    this.#reasons.clear();
  }
}

function count<K>(counters: Map<K, number>, key: K, delta: number): void {
  counters.set(key, (counters.get(key) ?? 0) + delta);
}
