import { createHash } from "node:crypto";
import { join } from "node:path";
import { expectedPdf, type Work } from "../../fixtures/mod.ts";
import type { ExportedRecord } from "./workspace.ts";

/**
 * What is wrong with the end of `works`: with outcome, reason, file or hash of each, and with files that belong to
 * none.
 *
 * @param downloads The output directory.
 * @returns One line a fault; none if all is as expected.
 */
export async function faultsOf(
  works: readonly Work[],
  records: ReadonlyMap<string, ExportedRecord>,
  downloads: string,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const stored = new Set<string>();
  for (const work of works) {
    const record = records.get(work.artifactId);
    if (record === undefined) {
      faults.push(`${work.artifactId} (${work.scenario}): has no record`);
      continue;
    }
    for (const fault of await faultsOfWork(work, record, downloads)) {
      faults.push(`${work.artifactId} (${work.scenario}): ${fault}`);
    }
    if (record.path !== null) {
      if (stored.has(record.path)) faults.push(`${record.path}: holds two works`);
      stored.add(record.path);
    }
  }
  if (records.size !== works.length) faults.push(`${records.size} records for ${works.length} works`);
  for await (const path of filesBelow(downloads)) {
    if (!path.startsWith(".part/") && !stored.has(path)) faults.push(`${path}: belongs to no record`);
  }
  return faults;
}

async function faultsOfWork(work: Work, record: ExportedRecord, downloads: string): Promise<string[]> {
  const { expected } = work;
  const faults: string[] = [];
  // After a kill between rename and acknowledgement the file is found in place.
  const reasons = expected.reason === "ok" ? ["ok", "already-have"] : [expected.reason];
  if (record.outcome !== expected.outcome || !reasons.includes(record.reason)) {
    faults.push(
      `is ${record.outcome} (${record.reason}), not ${expected.outcome} (${expected.reason}); tried ` +
        JSON.stringify(record.tried),
    );
  }
  const pdf = expectedPdf(work);
  if ((record.path === null) !== (pdf === null)) faults.push(`has path ${record.path}`);
  if (pdf === null || record.path === null) return faults;
  const file = await Deno.readFile(join(downloads, record.path)).catch(() => null);
  if (file === null) return [...faults, `${record.path} is not there`];
  const sha256 = hashOf(pdf);
  if (hashOf(file) !== sha256) faults.push(`${record.path} holds other bytes than expected (${file.length})`);
  if (record.sha256 !== sha256) faults.push(`the record's sha256 is ${record.sha256}, not ${sha256}`);
  if (record.bytes !== pdf.length) faults.push(`the record's bytes are ${record.bytes}, not ${pdf.length}`);
  return faults;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Paths of all files below `directory`, relative to it. */
export async function* filesBelow(directory: string, prefix = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(directory, prefix))) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(directory, path);
    else yield path;
  }
}
