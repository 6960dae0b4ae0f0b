/**
 * How fast the queue is, as ratios of one run.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { jobs } from "../queue/_jobs.ts";
import { drain, enqueueMany, openQueue, RECORD, ROUTE } from "./_queue.ts";

const clock = new SystemClock();

/** Prints what was measured. */
export async function queueBench(print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "queue-bench-" });
  try {
    for (const batch of [32, 128]) print(await claimAndAck(`${directory}/batch-${batch}`, batch));
    for (const line of await waiting(`${directory}/waiting`)) print(line);
    print(await closedHost(`${directory}/closed`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * Batches of claims and acks, and the same rows changed by bare prepared statements in transactions of that size.
 * The two take turns, so that the machine's moods meet both.
 */
async function claimAndAck(path: string, batch: number): Promise<string> {
  const rounds = 5, perRound = 12_800;
  using queue = openQueue(`${path}-queue`);
  using rawQueue = openQueue(`${path}-raw`);
  await enqueueMany(queue, rounds * perRound);
  await enqueueMany(rawQueue, rounds * perRound);
  using raw = new RawJobs(`${path}-raw`);
  const rates: { queue: number; raw: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const queueMs = await timed(() => drain(queue, perRound, batch));
    const rawMs = await timed(() => Promise.resolve(raw.through(round * perRound + 1, perRound, batch)));
    rates.push({ queue: perRound / queueMs * 1000, raw: perRound / rawMs * 1000 });
  }
  const ours = median(rates.map((rate) => rate.queue)), bare = median(rates.map((rate) => rate.raw));
  return `claim + ack at batch ${batch}: ${whole(ours)} jobs/s, raw ${whole(bare)}/s, ratio ${
    (ours / bare).toFixed(2)
  }`;
}

/** Jobs a second of batches of claims and acks, the queue alone. */
export async function claimAndAckRate(path: string, batch: number): Promise<number> {
  const count = 20_000;
  using queue = openQueue(path);
  await enqueueMany(queue, count);
  return count / await timed(() => drain(queue, count, batch)) * 1000;
}

/** The same rows, changed by statements that check nothing. */
class RawJobs implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768");
  }

  through(firstId: number, count: number, batch: number): void {
    const database = this.#database;
    const begin = database.prepare("BEGIN IMMEDIATE"), commit = database.prepare("COMMIT");
    const claim = database.prepare(
      "UPDATE jobs SET state = 1, holder = 'raw', lease_until = ?2, lease_epoch = lease_epoch + 1 WHERE id = ?1",
    );
    const finish = database.prepare(
      "UPDATE jobs SET state = 2, attempts = attempts + 1, holder = NULL, lease_until = NULL WHERE id = ?1",
    );
    const keep = database.prepare(
      "INSERT INTO records (job_id, reason, finished_at, record) VALUES (?1, 'ok', ?2, ?3)",
    );
    const end = firstId + count;
    for (let id = firstId - batch; id < end; id += batch) {
      begin.run();
      for (let done = Math.max(id, firstId); done < Math.min(id + batch, end); done++) {
        finish.run(done);
        keep.run(done, Math.floor(clock.now()), JSON.stringify(RECORD));
      }
      for (let next = id + batch; next < Math.min(id + 2 * batch, end); next++) {
        claim.run(next, Math.floor(clock.now()) + 600_000);
      }
      commit.run();
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Import, size, and what a lease costs when few and when many jobs wait. */
async function waiting(path: string): Promise<string[]> {
  using few = openQueue(`${path}-few`);
  await enqueueMany(few, 1_000);
  using many = openQueue(`${path}-many`);
  const importMs = await timed(() => enqueueMany(many, 1_000_000));
  const bytes = (await Deno.stat(`${path}-many`)).size;
  const fewMs = median(await leaseTimes(few)), manyMs = median(await leaseTimes(many));
  return [
    `import of 1,000,000 lines: ${whole(1_000_000 / importMs * 1000)}/s, ${
      (bytes / 1_000_000).toFixed(1)
    } bytes a job`,
    `lease p50: ${manyMs.toFixed(3)} ms at 1,000,000 queued, ${fewMs.toFixed(3)} ms at 1,000, ratio ${
      (manyMs / fewMs).toFixed(2)
    }`,
  ];
}

/** Claims on an open route while 99 % of a million jobs wait on a closed one. */
async function closedHost(path: string): Promise<string> {
  using empty = openQueue(`${path}-empty`);
  await enqueueMany(empty, 10_000);
  using full = openQueue(`${path}-full`);
  for (let first = 0; first < 990_000; first += 10_000) {
    await full.enqueue(jobs(10_000, first, { route: "host:slow.example" }));
  }
  await enqueueMany(full, 10_000, 990_000);
  const emptyMs = quantile(await leaseTimes(empty), 0.99), fullMs = quantile(await leaseTimes(full), 0.99);
  return `claim p99: ${fullMs.toFixed(3)} ms with 990,000 jobs on a closed host, ${
    emptyMs.toFixed(3)
  } ms without, ratio ${(fullMs / emptyMs).toFixed(2)}`;
}

async function leaseTimes(queue: SqliteWorkQueue): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < 900; n++) {
    const start = clock.now();
    await queue.lease("bench", [{ route: ROUTE, count: 1 }], 600_000);
    times.push(clock.now() - start);
  }
  return times;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = clock.now();
  await work();
  return clock.now() - start;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

if (import.meta.main) await queueBench(console.log);
