import assert from "node:assert/strict";
import { sweepParts } from "../../src/pipeline/sweep_parts.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";

async function fill(outDir: string, names: readonly string[]): Promise<string> {
  const directory = `${outDir}/.part`;
  await Deno.mkdir(directory);
  for (const name of names) await Deno.writeTextFile(`${directory}/${name}`, "x");
  return directory;
}

Deno.test("sweepParts() removes the parts of dead owners alone", async () => {
  await using out = await makeOutDir();
  const directory = await fill(out.path, ["1-1.part", "1-2.part", "7-1.part", "notes.txt"]);
  await Deno.mkdir(`${directory}/9-1.part/x`, { recursive: true });
  const asked: string[] = [];
  const isLive = (owner: string) => {
    asked.push(owner);
    return Promise.resolve(owner === "1-2");
  };
  assert.equal(await sweepParts(out.path, isLive), 2);
  assert.deepEqual(asked.sort(), ["1-1", "1-2", "7-1"]);
  assert.deepEqual(await namesIn(directory), ["1-2.part", "9-1.part", "notes.txt"]);
});

Deno.test("sweepParts() leaves complete kept parts until they are old", async () => {
  await using out = await makeOutDir();
  const directory = await fill(out.path, ["a.kept", "a.json", "b.kept", "c.json", "old.kept", "old.json"]);
  for (const name of ["old.kept", "old.json"]) await Deno.utime(`${directory}/${name}`, 1_000, 1_000);
  assert.equal(await sweepParts(out.path, () => false), 2);
  assert.deepEqual(await namesIn(directory), ["a.json", "a.kept", "old.json", "old.kept"]);
  assert.equal(await sweepParts(out.path, () => false, { dropOlderThanMs: 1_000_001 }), 2);
  assert.deepEqual(await namesIn(directory), ["a.json", "a.kept"]);
});

Deno.test("sweepParts() leaves parts of unknown owners until they are old", async () => {
  await using out = await makeOutDir();
  const directory = await fill(out.path, ["new.part", "old.part"]);
  await Deno.utime(`${directory}/old.part`, 1_000, 1_000);
  assert.equal(await sweepParts(out.path, () => null), 0);
  assert.equal(await sweepParts(out.path, () => null, { dropOlderThanMs: 1_000_001 }), 1);
  assert.deepEqual(await namesIn(directory), ["new.part"]);
});

Deno.test("sweepParts() finds nothing where nothing was ever written", async () => {
  await using out = await makeOutDir();
  assert.equal(await sweepParts(out.path, () => false), 0);
});
