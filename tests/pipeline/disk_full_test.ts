import assert from "node:assert/strict";
import { FileStore } from "../../src/pipeline/store.ts";
import { StoreError } from "../../src/pipeline/store_error.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";
import { makePdf } from "./_pdf.ts";

async function run(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Runs `body` on a small file system of its own; false where this user may not mount one. */
async function onTiny(options: string, body: (outDir: string) => Promise<void>): Promise<boolean> {
  await using out = await makeOutDir();
  if (!await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", out.path)) return false;
  try {
    await body(out.path);
  } finally {
    assert.ok(await run("umount", out.path));
  }
  return true;
}

const ignore = !await onTiny("size=64k", () => Promise.resolve());
if (ignore) console.log("Tests on full disks are skipped: this user may not mount a file system");

const isDiskFull = (thrown: unknown) => thrown instanceof StoreError && thrown.kind === "disk-full";

Deno.test({
  name: "A full disk is told as such, leaves no part behind, and storing goes on once there is space",
  ignore,
}, async () => {
  await onTiny("size=512k", async (outDir) => {
    const store = new FileStore(outDir);
    {
      await using part = await store.createPart("1-1");
      await assert.rejects(async () => {
        for (let count = 0; count < 20; count++) await part.write(new Uint8Array(50_000));
        await part.finish();
      }, isDiskFull);
      await assert.rejects(part.finish(), /it is broken, not open$/);
    }
    assert.deepEqual(await namesIn(`${outDir}/.part`), []);
    await using part = await store.createPart("1-2");
    await part.write(makePdf(200_000));
    await store.storeFile(part, "doi/10.1/a.pdf");
    assert.equal((await store.existing("doi/10.1/a.pdf"))?.bytes, 200_000);
  });
});

Deno.test({ name: "A file system without room for another directory or file says so", ignore }, async () => {
  // The root, .part and one part: the fourth entry is one too many.
  await onTiny("size=512k,nr_inodes=3", async (outDir) => {
    const store = new FileStore(outDir);
    await using part = await store.createPart("1-1");
    await assert.rejects(store.createPart("1-2"), isDiskFull);
    await assert.rejects(store.storeFile(part, "doi/10.1/a.pdf"), isDiskFull);
  });
});

Deno.test({ name: "A read-only file system is told as such", ignore }, async () => {
  await onTiny("size=512k,ro", async (outDir) => {
    await assert.rejects(
      new FileStore(outDir).createPart("1-1"),
      (thrown: unknown) => thrown instanceof StoreError && thrown.kind === "not-permitted",
    );
  });
});
