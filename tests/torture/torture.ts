import { type LittleWeb, startLittleWeb, type Work } from "../../fixtures/mod.ts";
import type { Random } from "../../src/model/ports.ts";
import { SeededRandom } from "../../src/runtime/mod.ts";
import type { RunningProgram } from "../_support/program.ts";
import { pause, until } from "../_support/until.ts";
import { Workspace } from "../_support/workspace.ts";
import { judge } from "./judge.ts";
import { isDrained, isReadable, isStopped, isWritable, readLeases, workerOf } from "./leases.ts";
import { type Blow, type Hit, nextHit } from "./plan.ts";

/** What is to be done. */
export interface TortureOptions {
  /** SIGKILLs to be sent; the other signals come beside them. */
  readonly kills: number;
  /** Replays a sequence of signals. */
  readonly seed: number;
  /** Works in each queue. */
  readonly works: number;
  /** How many processes work on one database in each queue, in turn. */
  readonly processes: readonly number[];
  /** How many stops last until the leases have lapsed; each takes half a minute and needs two processes. */
  readonly outlasts: number;
  /**
   * Whether one host takes few requests and asks for long pauses, so that the program is killed and started again
   * within them: the next process must know of them. It makes each queue take longer.
   */
  readonly strictHost: boolean;
  /** Told of each queue that was drained and judged. */
  readonly onRound?: (round: RoundReport) => void;
}

/** What was done to one queue, and what came of it. */
export interface RoundReport {
  readonly processes: number;
  readonly blows: Readonly<Record<Blow, number>>;
  /** Complete downloads of files beyond the first. */
  readonly refetches: number;
  /** Leases that were held when their process was killed: as many files may be fetched again. */
  readonly inFlightAtKills: number;
  /** Answers that asked for a pause. */
  readonly pauses: number;
  readonly seconds: number;
  readonly faults: readonly string[];
}

/** A blow that was dealt. */
export interface Dealt {
  readonly blow: Blow;
  /** When, on the clock of the server's log; for a stall its begin. */
  readonly atMs: number;
  /** When the process could react again; `null` if never. */
  readonly backAtMs: number | null;
  /** The artifacts that the process had leased. */
  readonly inFlight: readonly string[];
}

/** The shortest lease that the configuration allows. */
const LEASE_SECONDS = 30;

const MAX_PROCESSES = 16;

/** What a strict host takes. */
const STRICT_HOST = "university";
const STRICT_LIMIT = { perSecond: 3, retryAfterSeconds: 3 } as const;

/** A run must not take longer than this to end when nobody disturbs it. */
const END_MS = 120_000;

/** Starts, hits and restarts the program until as many kills were sent as asked for; judges each queue it drained. */
export async function torture(options: TortureOptions): Promise<readonly RoundReport[]> {
  await using web = await startLittleWeb(
    options.strictHost ? { hosts: { [STRICT_HOST]: { limit: STRICT_LIMIT } } } : {},
  );
  const rounds: RoundReport[] = [];
  let kills = 0;
  let outlasts = options.outlasts;
  while (kills < options.kills) {
    const processes = options.processes[rounds.length % options.processes.length] ?? 1;
    web.reset();
    const outlast = processes > 1 && outlasts > 0;
    if (outlast) outlasts--;
    const round = new Round(web, {
      processes,
      // Each process of each queue has a sequence of its own, whichever of them is hit first.
      randomOf: (index) => new SeededRandom(options.seed + rounds.length * MAX_PROCESSES + index),
      maxKills: options.kills - kills,
      outlast,
    });
    const report = await round.run(worksFrom(web, options.works, rounds.length));
    kills += report.blows.kill;
    rounds.push(report);
    options.onRound?.(report);
  }
  return rounds;
}

/** Another part of the list for each queue; all kinds are in each, for the list mixes them. */
function worksFrom({ works }: LittleWeb, count: number, round: number): readonly Work[] {
  const from = (round * count) % works.length;
  return [...works.slice(from), ...works.slice(0, from)].slice(0, count);
}

/** One queue, from the import to the verdict. */
class Round {
  readonly #web: LittleWeb;
  readonly #randomOf: (index: number) => Random;
  readonly #processes: number;
  readonly #maxKills: number;
  #outlast: boolean;
  readonly #dealt: Dealt[] = [];
  readonly #faults: string[] = [];

  constructor(
    web: LittleWeb,
    options: {
      readonly processes: number;
      readonly randomOf: (index: number) => Random;
      readonly maxKills: number;
      readonly outlast: boolean;
    },
  ) {
    this.#web = web;
    this.#randomOf = options.randomOf;
    this.#processes = options.processes;
    this.#maxKills = options.maxKills;
    this.#outlast = options.outlast;
  }

  async run(works: readonly Work[]): Promise<RoundReport> {
    const startedAt = performance.now();
    await using workspace = await Workspace.open(this.#web, {
      orchestrator: { lease_ttl_seconds: LEASE_SECONDS },
    });
    await workspace.import(works);
    const slots = Array.from({ length: this.#processes }, (_, index) => this.#randomOf(index));
    await Promise.all(slots.map((random) => this.#keepRunning(workspace, random)));
    await this.#runUndisturbed(workspace);
    const verdict = await judge({ web: this.#web, works, workspace, dealt: this.#dealt });
    return {
      processes: this.#processes,
      blows: this.#counts(),
      refetches: verdict.refetches,
      inFlightAtKills: this.#dealt.reduce((sum, { inFlight }) => sum + inFlight.length, 0),
      pauses: this.#web.log.entries.filter(({ closedUntilMs }) => closedUntilMs !== null).length,
      seconds: (performance.now() - startedAt) / 1000,
      faults: [...this.#faults, ...verdict.faults],
    };
  }

  /** Starts the program again and again, and hits it each time, until the queue is drained or the kills are used up. */
  async #keepRunning(workspace: Workspace, random: Random): Promise<void> {
    while (this.#counts().kill < this.#maxKills && !isDrained(workspace.database)) {
      const hits: Hit[] = [];
      do hits.push(nextHit(random)); while (hits.at(-1)?.blow === "stall");
      if (this.#outlast) {
        this.#outlast = false;
        hits.unshift({ blow: "outlast", from: "first-request", delayMs: 300, stallMs: 0 });
      }
      await using program = workspace.start(["queue", "run", "--drain", "--quiet"]);
      for (const hit of hits) {
        await this.#moment(program, hit);
        if (program.running) await this.#deal(program, hit, workspace);
      }
      this.#accept(await program.ended);
    }
  }

  /** The last run, and one more that finds nothing to do and sweeps. */
  async #runUndisturbed(workspace: Workspace): Promise<void> {
    for (let run = 0; run < 2; run++) {
      await using program = workspace.start(["queue", "run", "--drain", "--quiet"]);
      const late = new AbortController();
      const ended = await Promise.race([program.ended, pause(END_MS, late.signal).then(() => null)]);
      late.abort();
      if (ended) this.#accept(ended);
      else this.#faults.push(`the undisturbed run did not end within ${END_MS / 1000} s`);
    }
  }

  async #moment(program: RunningProgram, { from, delayMs }: Hit): Promise<void> {
    if (from === "first-request") {
      const before = this.#web.log.entries.length;
      await until(() => !program.running || this.#web.log.entries.length > before, "a request comes", END_MS)
        // With everything waiting for a cool-down there may be none for long.
        .catch(() => {});
    }
    const over = new AbortController();
    await Promise.race([pause(delayMs, over.signal), program.ended]);
    over.abort();
  }

  async #deal(program: RunningProgram, { blow, stallMs }: Hit, workspace: Workspace): Promise<void> {
    let worker = workerOf(program.pid);
    const held = () =>
      readLeases(workspace.database).filter(({ holder }) => holder === worker).map((row) => row.artifactId);
    const atMs = performance.now();
    switch (blow) {
      case "kill": {
        // Held still first: what it has in flight is read before another process can take it over from the dead.
        await this.#holdStill(program, workspace.database);
        worker = workerOf(program.pid);
        const inFlight = held();
        program.kill("SIGKILL");
        await program.ended;
        this.#dealt.push({ blow, atMs, backAtMs: null, inFlight });
        return;
      }
      case "terminate": {
        program.kill("SIGTERM");
        await program.ended;
        const left = held();
        if (left.length > 0) this.#faults.push(`left leased after SIGTERM: ${left.join(", ")}`);
        this.#dealt.push({ blow, atMs, backAtMs: atMs, inFlight: [] });
        return;
      }
      case "stall":
        program.kill("SIGSTOP");
        await pause(stallMs);
        program.kill("SIGCONT");
        this.#dealt.push({ blow, atMs, backAtMs: performance.now(), inFlight: [] });
        return;
      case "outlast": {
        // A process that was stopped inside a transaction keeps everybody from writing: no lease of it can be taken.
        for (
          program.kill("SIGSTOP");
          program.running && !isWritable(workspace.database);
          program.kill("SIGSTOP")
        ) {
          program.kill("SIGCONT");
          await pause(50);
        }
        const inFlight = held();
        // It waits for the leases to lapse, for they are all that is left to do, and works on their jobs when the
        // stopped process comes back.
        await using successor = workspace.start(["queue", "run", "--drain", "--quiet"]);
        await until(
          () => held().length === 0,
          "the leases of a stopped process lapse",
          3 * LEASE_SECONDS * 1000,
        )
          .catch((error) => this.#faults.push(String(error)));
        program.kill("SIGCONT");
        this.#dealt.push({ blow, atMs, backAtMs: performance.now(), inFlight });
        this.#accept(await successor.ended);
      }
    }
  }

  /** Stops a process, but not where it keeps everybody from reading: while it recovers the log of a dead one, or ends it. */
  async #holdStill(program: RunningProgram, database: string): Promise<void> {
    while (program.running) {
      program.kill("SIGSTOP");
      await until(() => !program.running || isStopped(program.pid), "a process is stopped", END_MS);
      if (isReadable(database)) return;
      program.kill("SIGCONT");
      await pause(20);
    }
  }

  #accept({ code, signal, stderr }: Awaited<RunningProgram["ended"]>): void {
    // 143 with or without a signal: before the program listens for it, SIGTERM ends it by itself.
    if (signal === "SIGKILL" || [0, 3, 143].includes(code)) return;
    this.#faults.push(`a run ended with ${code}: ${stderr.trim()}`);
  }

  #counts(): Record<Blow, number> {
    const counts = { kill: 0, terminate: 0, stall: 0, outlast: 0 };
    for (const { blow } of this.#dealt) counts[blow]++;
    return counts;
  }
}
