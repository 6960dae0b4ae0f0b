/**
 * Puts a list of any length into the queue, in memory that does not grow with it.
 *
 * @module
 */

import { InputError } from "../../model/errors.ts";
import type { NewJob, WorkQueue } from "../../queue/mod.ts";
import { readLines } from "./lines.ts";
import {
  type LineResult,
  type ListFormat,
  type RecordReader,
  recordReader,
  sniffFormat,
} from "./record_readers.ts";
import { routed } from "./routed.ts";

/** Jobs in one commit: it is durable, so fewer of them cost more, and more of them hold up a run on the same file. */
const JOBS_PER_COMMIT = 2000;

/** What {@linkcode importList} may be told. */
export interface ImportOptions {
  /** What errors call it. */
  readonly name: string;
  /** @default by its first line */
  readonly format?: ListFormat;
  /** Take no more than this many. @default all */
  readonly limit?: number;
  /** The set that the jobs belong to; sets share due hosts evenly. */
  readonly set: string;
  /** Takes the place of each line's own. */
  readonly priority?: number;
  /** Called for each line that cannot be taken. */
  readonly onBroken: (line: number, problem: string) => void;
  /** Called after each commit. */
  readonly onProgress?: (summary: ImportSummary) => void;
}

/** What became of a list. */
export interface ImportSummary {
  readonly added: number;
  readonly duplicates: number;
  readonly broken: number;
}

/**
 * Enqueues a list. Each chunk is durable before the next one is read, so that a kill costs no more than a second import
 * of the same list, whose jobs are then duplicates.
 *
 * @throws {InputError} If it is no list at all.
 */
export async function importList(
  queue: Pick<WorkQueue, "enqueue">,
  stream: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportSummary> {
  const summary = { added: 0, duplicates: 0, broken: 0 };
  let jobs: NewJob[] = [];
  const commit = async () => {
    if (jobs.length === 0) return;
    const { added, duplicates } = await queue.enqueue(jobs, options.set);
    jobs = [];
    summary.added += added;
    summary.duplicates += duplicates;
    options.onProgress?.(summary);
  };
  for await (const results of readJobs(stream, options)) {
    for (const result of results) {
      if ("problem" in result) {
        summary.broken++;
        options.onBroken(result.line, result.problem);
      } else {
        jobs.push(options.priority === undefined ? result : { ...result, priority: options.priority });
      }
    }
    if (jobs.length >= JOBS_PER_COMMIT) await commit();
  }
  await commit();
  return summary;
}

/** Reads a whole list and enqueues nothing: the number of its broken lines. */
export async function checkList(
  stream: AsyncIterable<Uint8Array>,
  options: Pick<ImportOptions, "name" | "format" | "limit" | "onBroken">,
): Promise<number> {
  let broken = 0;
  for await (const results of readJobs(stream, options)) {
    for (const result of results) {
      if (!("problem" in result)) continue;
      broken++;
      options.onBroken(result.line, result.problem);
    }
  }
  return broken;
}

type Result = Exclude<LineResult, null>;

/** Reads jobs up to the limit. The rest of the stream is not read. */
async function* readJobs(
  stream: AsyncIterable<Uint8Array>,
  { name, format, limit = Infinity }: Pick<ImportOptions, "name" | "format" | "limit">,
): AsyncGenerator<readonly Result[]> {
  let reader: RecordReader | null = format ? recordReader(format, name) : null;
  let left = limit;
  for await (const { first, lines } of readLines(stream)) {
    const results: Result[] = [];
    for (const [index, line] of lines.entries()) {
      if (left === 0) break;
      if (line.includes("\0")) throw new InputError(`Cannot read "${name}": it is not UTF-8 text`);
      if (!reader && line.trim() !== "" && !line.startsWith("#")) {
        reader = recordReader(sniffFormat(line), name);
      }
      const result = reader?.read(line, first + index) ?? null;
      if (result === null) continue;
      results.push("problem" in result ? result : routed(result));
      if (!("problem" in result)) left--;
    }
    yield results;
    if (left === 0) return;
  }
  const end = reader?.end() ?? null;
  if (end !== null) yield [end];
}
