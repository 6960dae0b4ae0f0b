/**
 * The permits of one job.
 *
 * @module
 */

import type { Closed, Permit, PermitSource } from "../model/permit.ts";
import type { Clock } from "../model/ports.ts";

/**
 * How long a job may keep the permit that it was leased with before its first request. Until that leaves, its groups wait
 * with the next one; a plugin that has to be started first takes half a second.
 */
const UNUSED_MS = 2_000;

/**
 * Gives out the permit that a job was leased with to the first request whose groups include those of the permit; all
 * else is asked of the source. A first permit that nobody asks for in time is given back, at disposal at the latest.
 */
export class JobPermits implements PermitSource, Disposable {
  readonly #source: PermitSource;
  readonly #isRetry: boolean;
  readonly #timer: Disposable | undefined;
  #first: Permit | null;

  /** @param isRetry Whether the job had failed before, which the groups are told with each answer. */
  constructor(source: PermitSource, first: Permit | null, clock: Clock, isRetry: boolean) {
    this.#source = source;
    this.#isRetry = isRetry;
    this.#first = first;
    if (first) this.#timer = clock.setTimer(UNUSED_MS, () => this.#giveBack());
  }

  async acquire(groups: readonly string[]): Promise<Permit | Closed> {
    const answer = await this.#acquire(groups);
    return answer.type === "permit" && this.#isRetry ? ofRetry(answer) : answer;
  }

  async #acquire(groups: readonly string[]): Promise<Permit | Closed> {
    const first = this.#first;
    if (!first?.groups.every((group) => groups.includes(group))) return await this.#source.acquire(groups);
    this.#first = null;
    this.#timer?.[Symbol.dispose]();
    const rest = groups.filter((group) => !first.groups.includes(group));
    if (rest.length === 0) return first;
    const second = await this.#source.acquire(rest);
    if (second.type === "permit") return joined(first, second);
    // All or none: the first group must not stay charged while the job waits for another.
    first[Symbol.dispose]();
    return { ...second, needs: groups };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#giveBack();
  }

  #giveBack(): void {
    this.#first?.[Symbol.dispose]();
    this.#first = null;
  }
}

function joined(first: Permit, second: Permit): Permit {
  return {
    type: "permit",
    groups: [...first.groups, ...second.groups],
    depart() {
      first.depart();
      second.depart();
    },
    report(feedback) {
      first.report(feedback);
      second.report(feedback);
    },
    [Symbol.dispose]() {
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    },
  };
}

/** A permit whose answers are told to be those of a job that had failed before. */
function ofRetry(permit: Permit): Permit {
  return {
    type: "permit",
    groups: permit.groups,
    depart: () => permit.depart(),
    report: (feedback) =>
      permit.report(feedback.type === "answered" ? { ...feedback, isRetry: true } : feedback),
    [Symbol.dispose]: () => permit[Symbol.dispose](),
  };
}
