/**
 * `export`, once its arguments are read.
 *
 * @module
 */

import type { FinishedJob } from "../../queue/mod.ts";
import type { CommandContext } from "../action.ts";
import { formatCsvRecord } from "../csv.ts";
import { EXIT } from "../exit_code.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { exportedRecord, RECORD_FIELDS } from "../render/record.ts";
import { writeFile } from "./write_file.ts";

/** What is asked of an export. */
export interface ExportRequest {
  readonly format: "jsonl" | "csv";
  readonly state: "done" | "skipped" | "error" | undefined;
  /** `undefined` for standard output. */
  readonly output: string | undefined;
}

/** Written at once; a write for each record would cost more than reading it. */
const CHUNK_CHARS = 65_536;

/** Writes records in the order in which the works were added; gives the exit code. */
export async function exportRecords(request: ExportRequest, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const text = inChunks(recordsAs(request.format, queue.finished(request.state)));
  if (request.output !== undefined) await writeFile(request.output, text);
  else for await (const chunk of text) await context.stdout.write(chunk);
  return EXIT.done;
}

async function* recordsAs(format: "jsonl" | "csv", jobs: AsyncIterable<FinishedJob>): AsyncGenerator<string> {
  if (format === "csv") yield formatCsvRecord(RECORD_FIELDS);
  for await (const job of jobs) {
    const record = exportedRecord(job);
    yield format === "jsonl"
      ? jsonLine(record)
      : formatCsvRecord(RECORD_FIELDS.map((field) => cell(record[field])));
  }
}

/** The list of what was tried has no place in a table but as JSON. */
function cell(value: unknown): string | number | null {
  return typeof value === "string" || typeof value === "number" || value === null
    ? value
    : JSON.stringify(value);
}

async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = "";
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = "";
  }
  yield chunk;
}
