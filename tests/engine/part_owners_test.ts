import { deepEqual, notEqual } from "node:assert/strict";
import { PartOwners } from "../../src/engine/part_owners.ts";
import { FileStore } from "../../src/pipeline/mod.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { always, jobs } from "../queue/_jobs.ts";

const LEASE = { jobId: 4711, epoch: 3 };

// Worker ids as runs make them.
const BEFORE = "mwwmg8by.li-pt26uhoi", AFTER = "mwwmh2c0.0a-9x1k2m3n";

Deno.test("PartOwners.ownerOf() never names two runs' leases alike: an epoch can be given again", () => {
  // A power loss takes the last commits back, and the files that were made meanwhile stay.
  const before = new PartOwners("state/queue.sqlite", BEFORE).ownerOf(LEASE);
  const after = new PartOwners("state/queue.sqlite", AFTER).ownerOf(LEASE);
  notEqual(before, after);
});

Deno.test("PartOwners.sweep() removes what an earlier run wrote under the same job and epoch", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock();
    using queue = new SqliteWorkQueue({
      path: ":memory:",
      clock,
      random: always(0),
      retry: { maxAttempts: 3, backoffMs: 1000, jitterMs: 0 },
    });
    await queue.enqueue(jobs(1));
    const [lease] = await queue.lease(AFTER, [{ route: "fresh:doi", count: 1 }], 60_000);
    if (!lease) throw new Error("nothing was leased");
    const after = new PartOwners("state/queue.sqlite", AFTER);
    const live = after.ownerOf(lease);
    const dead = new PartOwners("state/queue.sqlite", BEFORE).ownerOf(lease);
    const strange = new PartOwners("state/other.sqlite", BEFORE).ownerOf(lease);
    for (const owner of [live, dead, strange]) {
      using part = await new FileStore(outDir).createPart(owner);
      await part.finish();
      part.moveTo(part.path);
    }

    await after.sweep(outDir, { queue, clock, logger: silentLogger });

    const left = Array.from(Deno.readDirSync(`${outDir}/.part`), ({ name }) => name);
    deepEqual(left.sort(), [`${live}.part`, `${strange}.part`].sort());
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
});
