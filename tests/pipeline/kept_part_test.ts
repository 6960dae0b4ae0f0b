import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { claimKept, dropKept, keepPart, keptKey } from "../../src/pipeline/kept_part.ts";
import type { PartFile } from "../../src/pipeline/part_file.ts";
import { FileStore } from "../../src/pipeline/store.ts";
import { PdfVerifier } from "../../src/pipeline/verify_pdf.ts";
import { makeOutDir, namesIn } from "./_out_dir.ts";
import { makePdf } from "./_pdf.ts";

const pdf = makePdf(300_000);
const key = keptKey("doi:10.1/a", "http://a.test/x.pdf");
const from = { url: "http://b.test/x.pdf", validator: '"v1"', totalBytes: pdf.length };

async function keep(outDir: string, owner: string, bytes: number): Promise<void> {
  const part: PartFile = await new FileStore(outDir).createPart(owner);
  await part.write(pdf.subarray(0, bytes));
  await keepPart({ outDir, key, part, ...from });
}

Deno.test("claimKept() takes a kept part up where it ended, and the whole hashes as one", async () => {
  await using out = await makeOutDir();
  await keep(out.path, "1-1", 200_000);
  const verifier = new PdfVerifier();
  const claimed = await claimKept({
    outDir: out.path,
    key,
    owner: "1-2",
    replay: (piece) => verifier.feed(piece),
  });
  assert.ok(claimed);
  assert.deepEqual(claimed.point, { ...from, bytes: 200_000 });
  assert.deepEqual(await namesIn(`${out.path}/.part`), ["1-2.part"]);
  await using part = claimed.part;
  await part.write(pdf.subarray(200_000));
  verifier.feed(pdf.subarray(200_000));
  assert.deepEqual(verifier.verdict({ announcedBytes: pdf.length }), { ok: true, proven: true });
  const sha256 = createHash("sha256").update(pdf).digest("hex");
  assert.deepEqual(await part.finish(), { bytes: pdf.length, sha256 });
  assert.deepEqual(Buffer.from(await Deno.readFile(part.path)), Buffer.from(pdf));
});

Deno.test("keepPart() writes through no link that stands under the names of what it keeps", async () => {
  await using out = await makeOutDir();
  const [secret, other] = [`${out.path}/secret`, `${out.path}/other`];
  await Deno.mkdir(`${out.path}/.part`);
  for (const [name, target] of [["json", secret], ["kept", other]] as const) {
    await Deno.writeTextFile(target, "untouched");
    await Deno.symlink(target, `${out.path}/.part/${key}.${name}`);
  }
  await keep(out.path, "1-1", 5_000);
  assert.deepEqual([await Deno.readTextFile(secret), await Deno.readTextFile(other)], [
    "untouched",
    "untouched",
  ]);
  const claimed = await claimKept({ outDir: out.path, key, owner: "1-2", replay: () => {} });
  await using part = claimed?.part;
  assert.equal(part?.bytes, 5_000);
});

Deno.test("claimKept() gives a part to one claim only, and nothing where nothing was kept", async () => {
  await using out = await makeOutDir();
  await keep(out.path, "1-1", 5_000);
  const claims = await Promise.all(
    ["a", "b", "c"].map((owner) => claimKept({ outDir: out.path, key, owner, replay: () => {} })),
  );
  assert.equal(claims.filter((claim) => claim !== null).length, 1);
  for (const claim of claims) await claim?.part.discard();
  assert.equal(
    await claimKept({ outDir: out.path, key: keptKey("x", "y"), owner: "d", replay: () => {} }),
    null,
  );
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});

Deno.test("claimKept() removes bytes that are not those that were kept", async () => {
  const damages: Record<string, (stem: string) => Promise<void>> = {
    "changed": async (stem) => {
      const bytes = await Deno.readFile(`${stem}.kept`);
      bytes[7] = 0;
      await Deno.writeFile(`${stem}.kept`, bytes);
    },
    "shorter": (stem) => Deno.truncate(`${stem}.kept`, 4_999),
    "longer": (stem) => Deno.truncate(`${stem}.kept`, 5_001),
    "no sidecar": (stem) => Deno.remove(`${stem}.json`),
    "sidecar cut": (stem) => Deno.truncate(`${stem}.json`, 20),
    "sidecar empty": (stem) => Deno.truncate(`${stem}.json`, 0),
    "sidecar of another length": async (stem) => {
      const text = await Deno.readTextFile(`${stem}.json`);
      await Deno.writeTextFile(`${stem}.json`, text.replace('"bytes":5000', '"bytes":4999'));
    },
    "sidecar of another kind": (stem) => Deno.writeTextFile(`${stem}.json`, '{"bytes":-1}'),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await using out = await makeOutDir();
    await keep(out.path, "1-1", 5_000);
    await damage(`${out.path}/.part/${key}`);
    assert.equal(await claimKept({ outDir: out.path, key, owner: "1-2", replay: () => {} }), null, name);
    assert.deepEqual(await namesIn(`${out.path}/.part`), [], name);
  }
});

Deno.test("keepPart() replaces what was kept before and keeps nothing of an empty part", async () => {
  await using out = await makeOutDir();
  await keep(out.path, "1-1", 5_000);
  await keep(out.path, "1-2", 9_000);
  await keep(out.path, "1-3", 0);
  const claimed = await claimKept({ outDir: out.path, key, owner: "1-4", replay: () => {} });
  assert.equal(claimed?.part.bytes, 9_000);
  await claimed?.part.discard();
});

Deno.test("claimKept() takes up no link, even to the very bytes that were kept", async () => {
  await using out = await makeOutDir();
  await keep(out.path, "1-1", 5_000);
  const stem = `${out.path}/.part/${key}`;
  await Deno.rename(`${stem}.kept`, `${out.path}/elsewhere`);
  await Deno.symlink(`${out.path}/elsewhere`, `${stem}.kept`);
  assert.equal(await claimKept({ outDir: out.path, key, owner: "1-2", replay: () => {} }), null);
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
  assert.equal((await Deno.stat(`${out.path}/elsewhere`)).size, 5_000);
});

Deno.test("dropKept() drops all that was kept of an artifact, and nothing of another", async () => {
  await using out = await makeOutDir();
  await keep(out.path, "1-1", 5_000);
  dropKept(out.path, "doi:10.1/b");
  assert.equal((await namesIn(`${out.path}/.part`)).length, 2);
  dropKept(out.path, "doi:10.1/a");
  assert.deepEqual(await namesIn(`${out.path}/.part`), []);
});
