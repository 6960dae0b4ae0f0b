import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { createPart, type PartFile } from "../../src/pipeline/part_file.ts";
import { StoreError } from "../../src/pipeline/store_error.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";

async function partIn(outDir: string, owner = "1-1"): Promise<PartFile> {
  await Deno.mkdir(`${outDir}/.part`, { recursive: true });
  return await createPart(outDir, owner);
}

Deno.test("PartFile writes and hashes what it is given, however it is cut", async () => {
  await using out = await makeOutDir();
  let owner = 0;
  const chunks = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(chunks, async (lengths) => {
      await using part = await partIn(out.path, `${owner++}`);
      const hash = createHash("sha256");
      for (const [index, length] of lengths.entries()) {
        const chunk = new Uint8Array(length).fill(index + 1);
        hash.update(chunk);
        await part.write(chunk);
        // Whoever gave the chunk may use its memory again.
        chunk.fill(255);
      }
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      assert.equal(part.bytes, bytes);
      assert.equal(part.content, null);
      const content = await part.finish();
      assert.deepEqual(content, { bytes, sha256: hash.digest("hex") });
      assert.deepEqual(part.content, content);
      const onDisk = await Deno.readFile(part.path);
      assert.equal(createHash("sha256").update(onDisk).digest("hex"), content.sha256);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});

Deno.test("createPart() opens exclusively, also where a link was planted", async () => {
  await using out = await makeOutDir();
  await using first = await partIn(out.path);
  await assert.rejects(createPart(out.path, "1-1"), StoreError);
  await Deno.writeTextFile(`${out.path}/victim`, "mine");
  await Deno.symlink(`${out.path}/victim`, `${out.path}/.part/2-1.part`);
  await assert.rejects(createPart(out.path, "2-1"), StoreError);
  assert.equal(await Deno.readTextFile(`${out.path}/victim`), "mine");
  assert.equal(first.bytes, 0);
});

Deno.test("createPart() refuses owners that would not make a file name", async () => {
  for (const owner of ["", "a/b", "..", "a.b", "x".repeat(65)]) {
    await assert.rejects(createPart("/nowhere", owner), TypeError, owner);
  }
});

Deno.test("PartFile keeps to its states", async () => {
  await using out = await makeOutDir();
  const part = await partIn(out.path);
  await assert.rejects(async () => await part.moveTo(`${out.path}/x`), /it is open, not finished$/);
  await part.finish();
  await assert.rejects(async () => await part.write(new Uint8Array(1)), /it is finished, not open$/);
  await assert.rejects(part.finish(), TypeError);
  await part.moveTo(`${out.path}/x`);
  await part.discard();
  assert.deepEqual(await namesIn(out.path), [".part", "x"]);
  await assert.rejects(async () => await part.moveTo(`${out.path}/y`), TypeError);
});

Deno.test("PartFile leaves nothing behind when it is disposed of, in any state", async () => {
  await using out = await makeOutDir();
  {
    await using open = await partIn(out.path, "1");
    await open.write(new Uint8Array(10));
    await using finished = await partIn(out.path, "2");
    await finished.finish();
    await using discarded = await partIn(out.path, "3");
    await discarded.discard();
    await using gone = await partIn(out.path, "4");
    await Deno.remove(gone.path);
    assert.deepEqual(await namesIn(`${out.path}/.part`), ["1.part", "2.part"]);
  }
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});

Deno.test("PartFile writes on after a write that took less than it was given", async () => {
  await using out = await makeOutDir();
  const { write, writeSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = function (bytes) {
    return write.call(this, bytes.subarray(0, 1_000));
  };
  Deno.FsFile.prototype.writeSync = function (bytes) {
    return writeSync.call(this, bytes.subarray(0, 1_000));
  };
  try {
    await using part = await partIn(out.path);
    for (const length of [5_000, 70_000]) await part.write(new Uint8Array(length).fill(1));
    await part.finish();
    assert.deepEqual(await Deno.readFile(part.path), new Uint8Array(75_000).fill(1));
  } finally {
    Object.assign(Deno.FsFile.prototype, { write, writeSync });
  }
});
