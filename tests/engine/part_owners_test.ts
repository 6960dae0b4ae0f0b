import { deepEqual, equal, notEqual } from "node:assert/strict";
import { resolve } from "node:path";
import { PartOwners } from "../../src/engine/part_owners.ts";
import { FileStore } from "../../src/pipeline/mod.ts";
import { type LeasedJob, SqliteWorkQueue } from "../../src/queue/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { always, jobs, record } from "../queue/_jobs.ts";

const LEASE = { jobId: 4711, epoch: 3 };

// Worker ids as runs make them.
const BEFORE = "mwwmg8by.li-pt26uhoi", AFTER = "mwwmh2c0.0a-9x1k2m3n";

Deno.test("PartOwners.ownerOf() never names two runs' leases alike: an epoch can be given again", () => {
  // A power loss takes the last commits back, and the files that were made meanwhile stay.
  const before = new PartOwners("state/queue.sqlite", BEFORE).ownerOf(LEASE);
  const after = new PartOwners("state/queue.sqlite", AFTER).ownerOf(LEASE);
  notEqual(before, after);
});

Deno.test("PartOwners.ownerOf() knows a queue by its file, whatever way its path is written", () => {
  const name = (path: string) => new PartOwners(path, AFTER).ownerOf(LEASE);
  equal(name("state/queue.sqlite"), name(resolve("state/../state/queue.sqlite")));
});

interface Rig {
  readonly clock: VirtualClock;
  readonly queue: SqliteWorkQueue;
  readonly outDir: string;
  lease(): Promise<LeasedJob>;
  /** Leaves a part behind, as a run that is killed does. */
  leavePart(owner: string): Promise<void>;
  /** The names below `.part`, sorted, once the owner has swept. */
  leftBy(owners: PartOwners): Promise<string[]>;
}

async function withQueue(count: number, work: (rig: Rig) => Promise<void>): Promise<void> {
  const outDir = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock();
    const retry = { maxAttempts: 3, backoffMs: 1000, jitterMs: 0 };
    using queue = new SqliteWorkQueue({ path: ":memory:", clock, random: always(0), retry });
    await queue.enqueue(jobs(count));
    await work({
      clock,
      queue,
      outDir,
      async lease() {
        const [leased] = await queue.lease(AFTER, [{ route: "fresh:doi", count: 1 }], 60_000);
        if (!leased) throw new Error("nothing was leased");
        return leased;
      },
      async leavePart(owner) {
        using part = await new FileStore(outDir).createPart(owner);
        await part.finish();
        part.moveTo(part.path);
      },
      async leftBy(owners) {
        await owners.sweep(outDir, { queue, clock, logger: silentLogger });
        return Array.from(Deno.readDirSync(`${outDir}/.part`), ({ name }) => name).sort();
      },
    });
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
}

Deno.test("PartOwners.sweep() removes the parts of leases that are over, and kept ones after a week", () =>
  withQueue(3, async ({ clock, queue, outDir, lease, leavePart, leftBy }) => {
    const owners = new PartOwners("state/queue.sqlite", AFTER);
    const ended = await lease(), given = await lease();
    await queue.ack(ended, record());
    await queue.release([given]);
    const again = await lease();
    equal(again.jobId, given.jobId);
    for (const each of [ended, given, again]) await leavePart(owners.ownerOf(each));
    const weekMs = 7 * 86_400_000;
    for (const [name, ageMs] of [["old", weekMs + 1_000], ["young", weekMs - 1_000]] as const) {
      for (const extension of ["kept", "json"]) {
        const path = `${outDir}/.part/${name}.${extension}`;
        await Deno.writeTextFile(path, "");
        await Deno.utime(path, new Date(clock.now() - ageMs), new Date(clock.now() - ageMs));
      }
    }
    deepEqual(
      await leftBy(owners),
      [`${owners.ownerOf(again)}.part`, "young.json", "young.kept"].sort(),
    );
  }));

Deno.test("PartOwners.sweep() removes what an earlier run wrote under the same job and epoch", () =>
  withQueue(1, async ({ lease, leavePart, leftBy }) => {
    const leased = await lease();
    const after = new PartOwners("state/queue.sqlite", AFTER);
    const live = after.ownerOf(leased);
    const dead = new PartOwners("state/queue.sqlite", BEFORE).ownerOf(leased);
    const strange = new PartOwners("state/other.sqlite", BEFORE).ownerOf(leased);
    for (const owner of [live, dead, strange]) await leavePart(owner);
    deepEqual(await leftBy(after), [`${live}.part`, `${strange}.part`].sort());
  }));
