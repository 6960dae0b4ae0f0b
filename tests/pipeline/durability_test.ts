import assert from "node:assert/strict";
import { join } from "node:path";
import { Directories } from "../../src/pipeline/directories.ts";
import { FileStore } from "../../src/pipeline/store.ts";
import { StoreError } from "../../src/pipeline/store_error.ts";
import { FileCalls } from "./_file_calls.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";
import { makePdf } from "./_pdf.ts";

const fail = () => {
  throw Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
};

Deno.test("storeFile() syncs the file, renames it, syncs the directory, in this order", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  using calls = new FileCalls();
  await using part = await store.createPart("1-1");
  await part.write(makePdf());
  calls.done.length = 0;
  await store.storeFile(part, "doi/10.1/a.pdf");
  const root = out.path.slice(out.path.lastIndexOf("/") + 1);
  // The root and "doi" are synced for the new directories in them.
  assert.deepEqual(calls.done, ["sync 1-1.part", `sync ${root}`, "sync doi", "rename a.pdf", "sync 10.1"]);
});

Deno.test("existing() syncs the directory of a file that lies there already", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await using part = await store.createPart("1-1");
  await part.write(makePdf());
  await store.storeFile(part, "doi/10.1/a.pdf");
  using calls = new FileCalls();
  assert.ok(await store.existing("doi/10.1/a.pdf"));
  assert.equal(calls.done.at(-1), "sync 10.1");
});

Deno.test("storeFile() trusts no file whose sync failed, and never syncs it again", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  using calls = new FileCalls();
  let syncs = 0;
  calls.beforeSync = (name) => {
    if (name !== "1-1.part") return;
    syncs++;
    fail();
  };
  {
    await using part = await store.createPart("1-1");
    await part.write(makePdf());
    await assert.rejects(
      store.storeFile(part, "doi/10.1/a.pdf"),
      (thrown: unknown) =>
        thrown instanceof StoreError && thrown.kind === "io" && thrown.message.startsWith("Cannot sync "),
    );
    await assert.rejects(store.storeFile(part, "doi/10.1/a.pdf"), /it is broken, not open$/);
  }
  assert.equal(syncs, 1);
  assert.deepEqual(await namesIn(`${out.path}/doi/10.1`), []);
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});

Deno.test("storeFile() reports a file as stored only when its directory is durable", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await using part = await store.createPart("1-1");
  using calls = new FileCalls();
  calls.beforeSync = (name) => name === "10.1" ? fail() : undefined;
  await assert.rejects(store.storeFile(part, "doi/10.1/a.pdf"), StoreError);
});

Deno.test("Directories.sync() lets those who come during a sync share the next one", async () => {
  await using out = await makeOutDir();
  const directories = new Directories(out.path);
  using calls = new FileCalls();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const begun = Promise.withResolvers<void>();
  let syncs = 0;
  calls.beforeSync = async () => {
    begun.resolve();
    await gates[syncs++]?.promise;
  };
  let ended = 0;
  const one = () => directories.sync(out.path).then(() => ended++);
  const first = one();
  await begun.promise;
  const others = [one(), one(), one()];
  gates[0]?.resolve();
  await first;
  assert.equal(ended, 1, "a sync that had begun before covers nobody else");
  gates[1]?.resolve();
  await Promise.all(others);
  assert.equal(syncs, 2);
  await one();
  assert.equal(syncs, 3);
});

Deno.test("Directories.sync() fails all that shared a failed sync, and nobody after", async () => {
  await using out = await makeOutDir();
  const directories = new Directories(out.path);
  using calls = new FileCalls();
  let syncs = 0;
  calls.beforeSync = () => ++syncs === 2 ? fail() : undefined;
  const results = await Promise.allSettled([1, 2, 3].map(() => directories.sync(out.path)));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  await directories.sync(out.path);
});

Deno.test("Directories.ensure() makes each directory once and durably, and tries again after a failure", async () => {
  await using out = await makeOutDir();
  const directories = new Directories(join(out.path, "downloads/"));
  const deep = join(directories.root, "doi", "10.1");
  using calls = new FileCalls();
  let failing = true;
  calls.beforeSync = (name) => failing && name === "doi" ? fail() : undefined;
  await assert.rejects(directories.ensure(deep), StoreError);
  failing = false;
  calls.done.length = 0;
  await Promise.all([directories.ensure(deep), directories.ensure(deep)]);
  assert.deepEqual(calls.done, ["sync doi"]);
  await directories.ensure(deep);
  assert.deepEqual(calls.done, ["sync doi"]);
});

Deno.test("Directories.ensure() makes a new root durable in its parent, where that may be opened", async () => {
  await using out = await makeOutDir();
  const parent = out.path.slice(out.path.lastIndexOf("/") + 1);
  using calls = new FileCalls();
  const directories = new Directories(join(out.path, "one"));
  await directories.ensure(directories.root);
  assert.deepEqual(calls.done, [`sync ${parent}`]);
  // The confined engine may not open what lies outside of its directories.
  calls.beforeSync = fail;
  const confined = new Directories(join(out.path, "two"));
  await confined.ensure(confined.root);
  assert.ok((await Deno.stat(confined.root)).isDirectory);
});
