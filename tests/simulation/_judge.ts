import { createHash } from "node:crypto";
import type { Server } from "./_plan.ts";

const DAY_MS = 86_400_000;

/** A request that is under way, as an observer of all processes sees it. */
export interface Flight {
  readonly server: string;
  readonly startedAt: number;
  /** Whether its process slept on the way for so long that others had to take it for gone. */
  overslept: boolean;
}

interface Wait {
  readonly from: number;
  readonly until: number;
}

/** Watches the servers and the queue from outside, and notes each breach of what the program promises. */
export class Judge {
  readonly breaches: string[] = [];
  readonly #startMs: number;
  readonly #hash = createHash("sha256");
  readonly #flights = new Map<string, Set<Flight>>();
  readonly #arrivals = new Map<string, number[]>();
  readonly #days = new Map<string, number>();
  readonly #waits = new Map<string, Wait[]>();
  readonly #stepsForward: number[] = [];
  readonly #finished: Uint8Array;
  readonly startedLast = new Map<string, number>();
  requests = 0;
  refusals = 0;

  constructor(startMs: number, jobs: number) {
    this.#startMs = startMs;
    this.#finished = new Uint8Array(jobs);
  }

  /** The fingerprint of everything that happened, in its order. */
  get digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  /** Adds an event to the fingerprint. */
  trace(at: number, event: string): void {
    this.#hash.update(`${at} ${event}\n`);
  }

  breach(at: number, text: string): void {
    this.trace(at, text);
    if (this.breaches.length < 20) {
      this.breaches.push(`${((at - this.#startMs) / 1000).toFixed(3)} s: ${text}`);
    }
  }

  /** The machine's clock was set forward: what was to last longer than this instant may seem to be over. */
  steppedForward(at: number): void {
    this.#stepsForward.push(at);
  }

  /** A process began a request. */
  start(at: number, server: Server): Flight {
    this.requests++;
    this.startedLast.set(server.name, at);
    const wait = this.#waits.get(server.name)?.find(({ from, until }) => from < at && at < until);
    if (wait && !this.#steppedWithin(wait.from, at)) {
      this.breach(at, `${server.name} was asked ${Math.ceil(wait.until - at)} ms inside its cool-down`);
    }
    const flights = this.#flights.get(server.name) ?? new Set();
    this.#flights.set(server.name, flights);
    const flight: Flight = { server: server.name, startedAt: at, overslept: false };
    flights.add(flight);
    const busy = [...flights].filter(({ overslept }) => !overslept).length;
    if (busy > server.limits.concurrency) {
      this.breach(
        at,
        `${server.name} has ${busy} requests under way; ${server.limits.concurrency} are allowed`,
      );
    }
    return flight;
  }

  /** A request is over, or its process is. */
  end(flight: Flight): void {
    this.#flights.get(flight.server)?.delete(flight);
  }

  /** A request reached its server. */
  arrive(at: number, server: Server): void {
    const { windows, dailyBudget } = server.limits;
    if (windows.length > 0) {
      const arrivals = this.#arrivals.get(server.name) ?? [];
      this.#arrivals.set(server.name, arrivals);
      arrivals.push(at);
      for (const { limit, perMs } of windows) {
        const first = arrivals.at(-1 - limit);
        if (first === undefined || at - first >= perMs || this.#steppedWithin(first, at)) continue;
        this.breach(at, `${server.name} got more than ${limit} requests in ${perMs} ms`);
      }
      if (arrivals.length > 200_000) arrivals.splice(0, 100_000);
    }
    if (dailyBudget) {
      const day = `${server.name} ${Math.floor(at / DAY_MS)}`;
      const used = (this.#days.get(day) ?? 0) + 1;
      this.#days.set(day, used);
      if (used > dailyBudget.limit) {
        this.breach(at, `${server.name} got call ${used} of ${dailyBudget.limit} a day`);
      }
    }
  }

  /** The program knows, and has kept, that it is not to ask before an instant. */
  waits(at: number, server: string, until: number): void {
    const waits = (this.#waits.get(server) ?? []).filter((wait) => wait.until > at);
    waits.push({ from: at, until });
    this.#waits.set(server, waits);
  }

  /** A job was ended by its holder. */
  finish(at: number, job: number): void {
    const times = (this.#finished[job] ?? 0) + 1;
    this.#finished[job] = times;
    if (times > 1) this.breach(at, `job ${job} was finished ${times} times`);
  }

  #steppedWithin(from: number, to: number): boolean {
    return this.#stepsForward.some((at) => from <= at && at <= to);
  }
}
