/**
 * The permits of one job.
 *
 * @module
 */

import type { Closed, Permit, PermitSource } from "../model/permit.ts";

/**
 * Gives out the permit that a job was leased with to the first request whose groups include those of the permit; all
 * else is asked of the source. Disposal gives an unused first permit back.
 */
export class JobPermits implements PermitSource, Disposable {
  readonly #source: PermitSource;
  #first: Permit | null;

  constructor(source: PermitSource, first: Permit | null) {
    this.#source = source;
    this.#first = first;
  }

  async acquire(groups: readonly string[]): Promise<Permit | Closed> {
    const first = this.#first;
    if (!first?.groups.every((group) => groups.includes(group))) return await this.#source.acquire(groups);
    this.#first = null;
    const rest = groups.filter((group) => !first.groups.includes(group));
    if (rest.length === 0) return first;
    const second = await this.#source.acquire(rest);
    if (second.type === "permit") return joined(first, second);
    // All or none: the first group must not stay charged while the job waits for another.
    first[Symbol.dispose]();
    return { ...second, needs: groups };
  }

  [Symbol.dispose](): void {
    this.#first?.[Symbol.dispose]();
    this.#first = null;
  }
}

function joined(first: Permit, second: Permit): Permit {
  return {
    type: "permit",
    groups: [...first.groups, ...second.groups],
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
