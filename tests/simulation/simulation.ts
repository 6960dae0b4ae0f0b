/**
 * The real orchestrator, queue and limits in a simulated world: virtual time, seeded chance, servers with limits of their
 * own, and processes that are killed, stalled and started again.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SeededRandom, VirtualClock } from "../../src/runtime/mod.ts";
import { type Death, Incarnation } from "./_incarnation.ts";
import { Judge } from "./_judge.ts";
import { createWorld, type SimulationPlan } from "./_plan.ts";
import { simulatedJob } from "./_simulated_job.ts";
import { StarvationWatch } from "./_starvation_watch.ts";
import { SimulatedWeb } from "./_web.ts";
import type { SharedWorld } from "./_world.ts";

/** What came of a run. */
export interface SimulationReport {
  readonly plan: SimulationPlan;
  /** Promises that were broken; empty if all is well. */
  readonly breaches: readonly string[];
  /** The fingerprint of everything that happened. */
  readonly digest: string;
  readonly virtualMs: number;
  readonly requests: number;
  readonly refusals: number;
  /** Exchanges with the database. */
  readonly commits: number;
  /** Processes that were started, and how they ended. */
  readonly deaths: Readonly<Partial<Record<Death, number>>>;
}

const MAX_ATTEMPTS = 3;
const MAX_DAYS = 10;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The machine's clock is never more wrong than this. */
const MAX_OFFSET_MS = 240_000;

/**
 * Runs a plan to its end.
 *
 * @param onHour Told of each virtual hour, with the jobs that are left.
 */
export async function simulate(
  plan: SimulationPlan,
  onHour?: (hour: number, left: number) => void,
): Promise<SimulationReport> {
  const directory = await Deno.makeTempDir({ ...await memoryDir(), prefix: "simulation-" });
  try {
    using run = new Run(plan, `${directory}/queue.sqlite`);
    await run.fill();
    return await run.toEnd(onHour);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The one run of a plan. */
class Run implements Disposable {
  readonly #shared: SharedWorld;
  readonly #observer: DatabaseSync;
  readonly #chance: SeededRandom;
  readonly #living = new Set<Incarnation>();
  readonly #deaths: Partial<Record<Death, number>> = {};
  readonly #watch: StarvationWatch;
  #born = 0;
  #offsetMs = 0;
  #drained = false;

  constructor(plan: SimulationPlan, path: string) {
    const world = createWorld(plan);
    const clock = new VirtualClock(world.startMs);
    const random = new SeededRandom(plan.seed * 3 + 1);
    const judge = new Judge(world.startMs, plan.requests);
    const retry = { maxAttempts: MAX_ATTEMPTS, backoffMs: 60_000, jitterMs: 15_000 };
    // Makes the schema, before anybody else opens the file.
    new SqliteWorkQueue({ path, clock, random, retry })[Symbol.dispose]();
    const observer = this.#observer = new DatabaseSync(path);
    observer.exec("PRAGMA busy_timeout = 1000");
    const held = observer.prepare("SELECT 1 FROM jobs WHERE id = ?1 AND lease_epoch = ?2 AND state = 1");
    this.#chance = new SeededRandom(plan.seed * 3 + 2);
    this.#shared = {
      plan,
      clock,
      random,
      world,
      web: new SimulatedWeb(clock, random, judge),
      judge,
      writes: { count: 0, commits: 0 },
      path,
      retry,
      holds: ({ jobId, epoch }) => held.get(jobId, epoch) !== undefined,
    };
    this.#watch = new StarvationWatch(this.#shared, observer);
  }

  /** Puts the work into the queue, as two imports of different sizes. */
  async fill(): Promise<void> {
    const { path, clock, random, retry, plan, world } = this.#shared;
    using queue = new SqliteWorkQueue({ path, clock, random, retry });
    const small = Math.floor(plan.requests / 20);
    for (let first = 0; first < plan.requests;) {
      const set = first < small ? "small" : "large";
      const end = Math.min(first + 10_000, first < small ? small : plan.requests);
      const jobs = Array.from({ length: end - first }, (_, index) => simulatedJob(first + index, world));
      await queue.enqueue(jobs, set);
      first = end;
    }
  }

  async toEnd(onHour?: (hour: number, left: number) => void): Promise<SimulationReport> {
    const { clock, world, judge, plan } = this.#shared;
    this.#start();
    if (this.#crew > 1) this.#start();
    this.#scheduleFault();
    const endMs = world.startMs + MAX_DAYS * DAY_MS;
    for (let hour = 1; !this.#drained && clock.now() < endMs;) {
      if (onHour && clock.now() >= world.startMs + hour * HOUR_MS) onHour(hour++, this.#count("state < 2"));
      this.#watch.look(this.#living);
      await clock.advanceTo(Math.max(clock.now() + 1_000, clock.nextTimerAt ?? endMs));
    }
    for (const process of this.#living) process.kill();
    await this.#judgeEnd();
    return {
      plan,
      breaches: judge.breaches,
      digest: judge.digest,
      virtualMs: clock.now() - world.startMs,
      requests: judge.requests,
      refusals: judge.refusals,
      commits: this.#shared.writes.commits,
      deaths: this.#deaths,
    };
  }

  [Symbol.dispose](): void {
    this.#observer.close();
  }

  #start(): void {
    const { clock, judge } = this.#shared;
    const process = new Incarnation(this.#shared, `worker-${++this.#born}`, this.#offsetMs);
    this.#living.add(process);
    judge.trace(clock.now(), `${process.workerId} starts`);
    void process.ended.then((death) => this.#onDeath(process, death));
  }

  #onDeath(process: Incarnation, death: Death): void {
    const { clock, judge } = this.#shared;
    this.#living.delete(process);
    this.#deaths[death] = (this.#deaths[death] ?? 0) + 1;
    judge.trace(clock.now(), `${process.workerId} ${death}`);
    if (death === "drained") this.#drained = true;
    if (death === "stopped" && this.#count("state = 1 AND holder = ?1", process.workerId) > 0) {
      judge.breach(clock.now(), `${process.workerId} left leases behind`);
    }
    if (this.#drained) return;
    const pauseMs = Math.exp(this.#between(Math.log(10), Math.log(60_000)));
    clock.setTimer(pauseMs, () => {
      if (this.#living.size === 0) this.#stepClock();
      if (!this.#drained && this.#living.size < this.#crew) this.#start();
    });
  }

  /** How many processes somebody sees to: two in every other world. */
  get #crew(): number {
    return this.#shared.plan.seed % 2 === 0 ? 2 : 1;
  }

  /** While nobody runs the machine's clock may be set. */
  #stepClock(): void {
    if (this.#chance.next() < 0.7) return;
    const { clock, judge } = this.#shared;
    const before = this.#offsetMs;
    this.#offsetMs = Math.round(this.#between(-MAX_OFFSET_MS, MAX_OFFSET_MS));
    judge.trace(clock.now(), `clock off by ${this.#offsetMs}`);
    if (this.#offsetMs > before) judge.steppedForward(clock.now());
  }

  #scheduleFault(): void {
    const { clock, plan } = this.#shared;
    const delayMs = -Math.log(1 - this.#chance.next()) * plan.faultEveryMs;
    clock.setTimer(delayMs, () => {
      if (this.#drained) return;
      this.#fault();
      this.#scheduleFault();
    });
  }

  #fault(): void {
    const { clock, judge } = this.#shared;
    const living = [...this.#living];
    const victim = living[Math.floor(this.#chance.next() * living.length)];
    const kind = FAULTS[Math.floor(this.#chance.next() * FAULTS.length)];
    if (!victim || !kind) return;
    judge.trace(clock.now(), `${kind} ${victim.workerId}`);
    switch (kind) {
      case "kill":
        return victim.kill();
      case "killed-inside":
      case "killed-after":
      case "disk-full":
        return victim.breakNext(kind);
      case "stall":
        // Half of them longer than a lease.
        return victim.stall(this.#between(2_000, 90_000));
      case "stop":
        return victim.orchestrator.stop(this.#between(0, 30_000));
      case "second":
        if (living.length < 2) this.#start();
    }
  }

  async #judgeEnd(): Promise<void> {
    const { clock, judge, plan } = this.#shared;
    const now = clock.now();
    if (!this.#drained) judge.breach(now, `the queue was not drained in ${MAX_DAYS} days`);
    const all = this.#count("1");
    if (all !== plan.requests) judge.breach(now, `${all} of ${plan.requests} jobs are left`);
    const open = this.#count("state < 2");
    if (this.#drained && open > 0) judge.breach(now, `${open} jobs are not finished`);
    const tired = this.#count(`attempts > ${MAX_ATTEMPTS}`);
    if (tired > 0) judge.breach(now, `${tired} jobs were tried more than ${MAX_ATTEMPTS} times`);
    const records = Number(this.#observer.prepare("SELECT count(*) AS n FROM records").get()?.["n"]);
    if (this.#drained && records !== plan.requests) judge.breach(now, `${records} records were kept`);
    const { path, random, retry } = this.#shared;
    using queue = new SqliteWorkQueue({ path, clock, random, retry });
    const { integrity, counters } = await queue.check();
    for (const fault of [...integrity, ...counters]) judge.breach(now, fault);
  }

  #count(where: string, ...parameters: string[]): number {
    return Number(
      this.#observer.prepare(`SELECT count(*) AS n FROM jobs WHERE ${where}`).get(...parameters)?.["n"],
    );
  }

  #between(low: number, high: number): number {
    return low + this.#chance.next() * (high - low);
  }
}

const FAULTS = [
  "kill",
  "killed-inside",
  "killed-after",
  "disk-full",
  "stall",
  "stall",
  "stop",
  "second",
  "second",
] as const;

/** A file system in memory where there is one: a run commits hundreds of thousands of times. */
async function memoryDir(): Promise<{ dir?: string }> {
  try {
    return (await Deno.stat("/dev/shm")).isDirectory ? { dir: "/dev/shm" } : {};
  } catch {
    return {};
  }
}

/** The command that runs a plan again. */
export function replayCommand({ seed, requests, hosts, maxWorkers, faultEveryMs }: SimulationPlan): string {
  return `deno task simulate --seed ${seed} --requests ${requests} --hosts ${hosts} --workers ${maxWorkers} ` +
    `--fault-every-ms ${faultEveryMs}`;
}
