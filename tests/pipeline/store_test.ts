import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FileStore } from "../../src/pipeline/store.ts";
import type { PartFile } from "../../src/pipeline/part_file.ts";
import { StoreError, type StoreErrorKind } from "../../src/pipeline/store_error.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";
import { bytesOf, makePdf } from "./_pdf.ts";

const path = "doi/10.1371/journal.pone.0213978.pdf";

async function partOf(store: FileStore, bytes: Uint8Array, owner = "1-1"): Promise<PartFile> {
  const part = await store.createPart(owner);
  await part.write(bytes);
  return part;
}

const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function rejectsAs(promise: Promise<unknown>, kind: StoreErrorKind, text: RegExp): Promise<void> {
  await assert.rejects(promise, (thrown) => {
    assert.ok(thrown instanceof StoreError, String(thrown));
    assert.equal(thrown.kind, kind, thrown.message);
    assert.match(thrown.message, text);
    return true;
  });
}

Deno.test("storeFile() puts a part into its place and makes the directories on the way", async () => {
  await using out = await makeOutDir();
  const outDir = `${out.path}/new/downloads/`;
  const store = new FileStore(outDir);
  const pdf = makePdf();
  await using part = await partOf(store, pdf);
  const stored = await store.storeFile(part, path);
  assert.deepEqual(stored, { bytes: pdf.length, sha256: sha256Of(pdf) });
  assert.equal(sha256Of(await Deno.readFile(`${outDir}/${path}`)), stored.sha256);
  assert.deepEqual(await namesIn(`${outDir}/.part`), []);
});

Deno.test("storeFile() replaces what has the name at one stroke", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await store.storeFile(await partOf(store, makePdf(4_000)), path);
  using reader = await Deno.open(`${out.path}/${path}`);

  const changed = makePdf(4_000);
  changed[2_000] = (changed[2_000] ?? 0) ^ 1;
  await store.storeFile(await partOf(store, changed), path);
  assert.equal(sha256Of(await Deno.readFile(`${out.path}/${path}`)), sha256Of(changed));
  // Whoever reads the old file reads it to its end.
  const old = new Uint8Array(4_000);
  assert.equal(await reader.read(old), 4_000);
  assert.deepEqual(old, makePdf(4_000));
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});

Deno.test("storeFile() stores many at once into few directories", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    await using part = await partOf(store, bytesOf(`file ${index}`), `${index}-1`);
    await store.storeFile(part, `doi/10.${index % 3}/${index}.pdf`);
  }));
  const names = await Promise.all([0, 1, 2].map((prefix) => namesIn(`${out.path}/doi/10.${prefix}`)));
  assert.equal(names.flat().length, 60);
});

Deno.test("storeFile() makes a directory anew that was removed while the program ran", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await store.storeFile(await partOf(store, bytesOf("a")), path);
  await Deno.remove(`${out.path}/doi`, { recursive: true });
  await store.storeFile(await partOf(store, bytesOf("b")), path);
  assert.equal(await Deno.readTextFile(`${out.path}/${path}`), "b");
});

Deno.test("storeFile() follows no link out of the output directory", async () => {
  await using out = await makeOutDir();
  await using elsewhere = await makeOutDir();
  await Deno.mkdir(`${out.path}/doi`);
  await Deno.symlink(elsewhere.path, `${out.path}/doi/10.1371`);
  const store = new FileStore(out.path);
  await using part = await partOf(store, makePdf());
  await rejectsAs(store.storeFile(part, path), "not-permitted", /10\.1371": it is a symbolic link/);
  assert.deepEqual(await namesIn(elsewhere.path), []);

  // The final name may be a link too: it is replaced, not written through.
  await Deno.writeTextFile(`${elsewhere.path}/victim`, "mine");
  await Deno.mkdir(`${out.path}/arxiv`);
  await Deno.symlink(`${elsewhere.path}/victim`, `${out.path}/arxiv/1.pdf`);
  await store.storeFile(part, "arxiv/1.pdf");
  assert.equal(await Deno.readTextFile(`${elsewhere.path}/victim`), "mine");

  await Deno.remove(`${out.path}/.part`, { recursive: true });
  await Deno.symlink(elsewhere.path, `${out.path}/.part`);
  await rejectsAs(new FileStore(out.path).createPart("2-1"), "not-permitted", /symbolic link/);
});

Deno.test("storeFile() refuses paths that lead out", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(`${out.path}/downloads`);
  await using part = await partOf(store, makePdf());
  for (const bad of ["../x.pdf", "/etc/x.pdf", "doi/../../x.pdf", "doi//x.pdf", "", "doi/./x.pdf"]) {
    await assert.rejects(store.storeFile(part, bad), TypeError, bad);
  }
  assert.deepEqual(await namesIn(out.path), ["downloads"]);
});

Deno.test("storeFile() says what is in the way", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await Deno.writeTextFile(`${out.path}/doi`, "a file");
  await using part = await partOf(store, makePdf());
  await rejectsAs(store.storeFile(part, path), "not-permitted", /doi": it is not a directory; move it away$/);
  await Deno.mkdir(`${out.path}/arxiv/1.pdf`, { recursive: true });
  const inTheWay = /^Cannot store "[^"]+1\.pdf": a directory has this name; move it away$/;
  await rejectsAs(store.storeFile(part, "arxiv/1.pdf"), "io", inTheWay);
  await rejectsAs(store.existing("arxiv/1.pdf"), "io", inTheWay);
});

Deno.test("existing() recognises a verified file, and nothing else", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  assert.equal(await store.existing(path), null);
  const pdf = makePdf(300_000);
  await store.storeFile(await partOf(store, pdf), path);
  assert.deepEqual(await new FileStore(out.path).existing(path), {
    bytes: pdf.length,
    sha256: sha256Of(pdf),
  });

  await Deno.truncate(`${out.path}/${path}`, 299_000);
  assert.equal(await store.existing(path), null);
  await Deno.writeTextFile(`${out.path}/${path}`, "<html>");
  assert.equal(await store.existing(path), null);
  await Deno.remove(`${out.path}/${path}`);
  await Deno.symlink(out.path, `${out.path}/${path}`);
  assert.equal(await store.existing(path), null);
  await Deno.remove(`${out.path}/${path}`);
  await Deno.writeTextFile(`${out.path}/${path}`, "");
  assert.equal(await store.existing(`${path}/below`), null);
});

Deno.test("StoreError.from() tells apart what the system says", () => {
  const kindOf = (code: string, message: string) =>
    StoreError.from(Object.assign(new Error(message), { code }), "write", "/x").kind;
  assert.equal(kindOf("ENOSPC", "No space left on device (os error 28)"), "disk-full");
  assert.equal(kindOf("EDQUOT", "Disk quota exceeded (os error 122)"), "disk-full");
  assert.equal(kindOf("", "Disk quota exceeded (os error 122)"), "disk-full");
  assert.equal(kindOf("EROFS", "Read-only file system (os error 30)"), "not-permitted");
  assert.equal(kindOf("EIO", "Input/output error (os error 5)"), "io");
  assert.equal(StoreError.from(new Deno.errors.PermissionDenied("x"), "write", "/x").kind, "not-permitted");
  assert.equal(StoreError.from(new Deno.errors.NotCapable("x"), "write", "/x").kind, "not-permitted");
  assert.match(
    StoreError.from(new Error("No space left on device (os error 28): open '/x'"), "write", "/x").message,
    /^Cannot write "\/x": No space left on device \(os error 28\); \w/,
  );
});

Deno.test("existing() finds no file behind a directory that is a link", async () => {
  await using out = await makeOutDir();
  const store = new FileStore(out.path);
  await Deno.mkdir(`${out.path}/elsewhere`);
  await Deno.writeFile(`${out.path}/elsewhere/a.pdf`, makePdf());
  await Deno.mkdir(`${out.path}/doi`);
  await Deno.symlink(`${out.path}/elsewhere`, `${out.path}/doi/10.1`);
  await assert.rejects(store.existing("doi/10.1/a.pdf"), StoreError);
});

Deno.test("StoreError.from() leaves an error as it is that was explained already", () => {
  const error = new StoreError("disk-full", "/a", "Cannot write");
  assert.equal(StoreError.from(error, "resume", "/b"), error);
});
