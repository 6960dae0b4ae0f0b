import { deepEqual, equal } from "node:assert/strict";
import type { SqliteWorkQueue } from "../../../src/queue/mod.ts";
import { isDead, lockProcess } from "../../../src/queue/sqlite/process_lock.ts";
import { SystemClock } from "../../../src/runtime/mod.ts";
import { jobs, record } from "../_jobs.ts";
import { makeDirectory, openReal } from "./_storage.ts";

const DEMAND = [{ route: "fresh:doi", count: 9 }];
const CHILD = "tests/queue/_dead_worker.ts";

/** A process that holds two leases, each for an hour. */
async function startWorker(path: string, workerId: string): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, path, workerId],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  equal((await reader.read()).value, "leased 2\n");
  await reader.cancel();
  return child;
}

/** What a heartbeat of this process leases. */
async function leaseWithHeartbeat(queue: SqliteWorkQueue): Promise<number[]> {
  const { leased } = await queue.exchange({
    workerId: "survivor",
    leaseTtlMs: 60_000,
    settlements: [],
    heartbeat: true,
    plan: () => ({ demand: DEMAND, groups: [], inFlight: null }),
  });
  return leased.map(({ jobId }) => jobId);
}

Deno.test("a killed process loses its leases at once, a stopped one keeps them", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  await queue.enqueue(jobs(4));
  const killed = await startWorker(path, "killed");
  const stopped = await startWorker(path, "stopped");
  stopped.kill("SIGSTOP");
  deepEqual(await leaseWithHeartbeat(queue), []);

  killed.kill("SIGKILL");
  await killed.status;
  deepEqual((await leaseWithHeartbeat(queue)).toSorted(), [1, 2]);
  deepEqual(await leaseWithHeartbeat(queue), []);
  equal(await queue.ack({ jobId: 1, epoch: 1 }, record()), "lost");
  equal((await queue.get(3))?.holder, "stopped");

  stopped.kill("SIGCONT");
  await stopped.stdin.close();
  await killed.stdin.abort().catch(() => {});
  equal((await stopped.status).success, true);
  deepEqual(await leaseWithHeartbeat(queue), [3, 4]);
  equal((await queue.get(3))?.epoch, 2);
  deepEqual([...Deno.readDirSync(directory.path)].filter(({ name }) => name.includes("killed")), []);
});

Deno.test("a worker that leaves gives its lock up, and can come again", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`, clock = new SystemClock();
  using queue = openReal(path);
  await queue.enqueue(jobs(1));
  await leaseWithHeartbeat(queue);
  equal(await isDead(path, "survivor", clock), false);
  await queue.leave("survivor");
  deepEqual([...Deno.readDirSync(directory.path)].filter(({ name }) => name.includes("survivor")), []);
  deepEqual(await leaseWithHeartbeat(queue), [1]);
  deepEqual((await queue.holders()).map(({ workerId }) => workerId), ["survivor"]);
});

Deno.test("isDead() tells by the lock, not by its file", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`, clock = new SystemClock();
  equal(await isDead(path, "nobody", clock), true);
  const lock = lockProcess(path, "a");
  equal(await isDead(path, "a", clock), false);
  lock[Symbol.dispose]();
  equal(await isDead(path, "a", clock), true);
  await Deno.writeTextFile(lock.path, "");
  equal(await isDead(path, "a", clock), true);
  // What cannot be opened says nothing of the process, and whoever lives keeps its leases.
  await Deno.mkdir(lock.path);
  equal(await isDead(path, "a", clock), false);
});
