import { GroupBook } from "../../src/limits/mod.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import { type JobEnd, Orchestrator, type RunEnd } from "../../src/orchestrator/mod.ts";
import { SqliteWorkQueue, type WorkQueue } from "../../src/queue/mod.ts";
import { type ExchangeFault, withFaults } from "./_faulty_queue.ts";
import type { Flight } from "./_judge.ts";
import { RESOLVERS } from "./_plan.ts";
import { ProcessClock } from "./_process_clock.ts";
import { jobNumber, processSimulated } from "./_simulated_job.ts";
import type { SharedWorld } from "./_world.ts";

const LEASE_TTL_MS = 45_000;
const HEARTBEAT_MS = 15_000;
/** A process that slept for so long may have lost its leases. */
const OVERSLEPT_MS = LEASE_TTL_MS - HEARTBEAT_MS;

/** How the life of a process ended. */
export type Death = "killed" | "disk-full" | RunEnd;

/** One life of the program, from start to exit or kill. */
export class Incarnation {
  readonly workerId: string;
  readonly clock: ProcessClock;
  readonly book: GroupBook;
  readonly orchestrator: Orchestrator;
  readonly ended: Promise<Death>;
  readonly #shared: SharedWorld;
  readonly #queue: SqliteWorkQueue;
  readonly #flights = new Set<Flight>();
  readonly #ended = Promise.withResolvers<Death>();
  #heard: { readonly server: string; readonly until: number }[] = [];
  #fault: ExchangeFault | null = null;
  #over = false;

  constructor(shared: SharedWorld, workerId: string, offsetMs: number) {
    this.#shared = shared;
    this.workerId = workerId;
    this.ended = this.#ended.promise;
    const clock = this.clock = new ProcessClock(shared.clock, offsetMs);
    const { random, world, plan } = shared;
    this.#queue = new SqliteWorkQueue({ path: shared.path, clock, random, retry: shared.retry, line: false });
    this.book = new GroupBook({
      clock,
      limitsOf: (name) => world.servers.get(name)?.limits ?? unknown(name),
      onNews: () => this.orchestrator.nudge(),
    });
    const faulty = withFaults(this.#queue, {
      writes: shared.writes,
      takeFault: () => {
        const fault = this.#fault;
        this.#fault = null;
        return fault;
      },
      onKilled: () => this.kill(),
      holds: shared.holds,
      onStale: ({ type, lease }) =>
        shared.judge.breach(
          shared.clock.now(),
          `${type} of job row ${lease.jobId} was taken from a stale holder`,
        ),
      onCommitted: () => this.#keepWaits(),
    });
    this.orchestrator = new Orchestrator({
      // The orchestrator uses no other part of it.
      queue: faulty as WorkQueue,
      book: this.book,
      needsOf: (route) => [route === "fresh:doi" ? RESOLVERS.map((name) => [name]) : [route.split(" ")]],
      process: (job, context) => processSimulated(job, context, { ...shared, process: this }),
      clock,
      logger: silentLogger,
      meter: silentMeter,
      workerId,
      maxWorkers: plan.maxWorkers,
      leaseTtlMs: LEASE_TTL_MS,
      heartbeatMs: HEARTBEAT_MS,
      drain: true,
      onSettled: (job, { end, settled }) => this.#onSettled(job.artifactId, end, settled),
    });
    this.orchestrator.run().then((end) => this.#die(end), () => this.#die("disk-full"));
  }

  /** Whether it runs and is not asleep. */
  get isAwake(): boolean {
    return !this.#over && !this.clock.isStalled;
  }

  /** Lets the next exchange fail. */
  breakNext(fault: ExchangeFault): void {
    this.#fault = fault;
  }

  /** Ends it at once, as SIGKILL does. */
  kill(): void {
    this.#die("killed");
  }

  /** The process is not run for a while. */
  stall(durationMs: number): void {
    if (durationMs > OVERSLEPT_MS) { for (const flight of this.#flights) flight.overslept = true; }
    this.clock.stall(durationMs);
  }

  /** A request of this process is on its way. */
  fly(flight: Flight): void {
    this.#flights.add(flight);
  }

  /** It is over. */
  land(flight: Flight): void {
    this.#flights.delete(flight);
    this.#shared.judge.end(flight);
  }

  /** It was told to wait; from the next commit on, everybody knows. */
  hear(server: string, until: number): void {
    this.#heard.push({ server, until });
  }

  #keepWaits(): void {
    const { judge, clock } = this.#shared;
    for (const { server, until } of this.#heard) judge.waits(clock.now(), server, until);
    this.#heard = [];
  }

  #onSettled(artifactId: string, end: JobEnd, settled: string): void {
    const { judge, clock } = this.#shared;
    judge.trace(clock.now(), `${this.workerId} ${artifactId} ${end.type} ${settled}`);
    if ((end.type === "ack" && settled === "ok") || settled === "error") {
      judge.finish(clock.now(), jobNumber(artifactId));
    }
  }

  #die(death: Death): void {
    if (this.#over) return;
    this.#over = true;
    this.clock.kill();
    for (const flight of this.#flights) this.#shared.judge.end(flight);
    // Closes the file and gives the lock up, as the system does for a dead process.
    this.#queue[Symbol.dispose]();
    this.#ended.resolve(death);
  }
}

function unknown(name: string): never {
  throw new Error(`Cannot tell limits: there is no server "${name}"`);
}
