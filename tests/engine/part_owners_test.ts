import { deepEqual, equal, notEqual } from "node:assert/strict";
import { resolve } from "node:path";
import { PartOwners } from "../../src/engine/part_owners.ts";
import { FileStore } from "../../src/pipeline/mod.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
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

Deno.test("PartOwners.sweep() removes the parts of leases that are over, and kept ones after a week", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock();
    using queue = new SqliteWorkQueue({
      path: ":memory:",
      clock,
      random: always(0),
      retry: { maxAttempts: 3, backoffMs: 1000, jitterMs: 0 },
    });
    await queue.enqueue(jobs(3));
    const lease = async () => {
      const [leased] = await queue.lease(AFTER, [{ route: "fresh:doi", count: 1 }], 60_000);
      if (!leased) throw new Error("nothing was leased");
      return leased;
    };
    const owners = new PartOwners("state/queue.sqlite", AFTER);
    const ended = await lease(), given = await lease();
    await queue.ack(ended, record());
    await queue.release([given]);
    const again = await lease();
    equal(again.jobId, given.jobId);
    for (const each of [ended, given, again]) {
      using part = await new FileStore(outDir).createPart(owners.ownerOf(each));
      await part.finish();
      part.moveTo(part.path);
    }
    const weekMs = 7 * 86_400_000;
    for (const [name, ageMs] of [["old", weekMs + 1_000], ["young", weekMs - 1_000]] as const) {
      for (const extension of ["kept", "json"]) {
        const path = `${outDir}/.part/${name}.${extension}`;
        await Deno.writeTextFile(path, "");
        await Deno.utime(path, new Date(clock.now() - ageMs), new Date(clock.now() - ageMs));
      }
    }

    await owners.sweep(outDir, { queue, clock, logger: silentLogger });

    const left = Array.from(Deno.readDirSync(`${outDir}/.part`), ({ name }) => name);
    deepEqual(left.sort(), [`${owners.ownerOf(again)}.part`, "young.json", "young.kept"].sort());
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
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
