/**
 * Imports a file and tells the operator about it.
 *
 * @module
 */

import { basename } from "node:path";
import { InputError } from "../../model/errors.ts";
import type { CommandContext } from "../action.ts";
import { complain } from "../complain.ts";
import { EXIT } from "../exit_code.ts";
import { openQueue } from "../open_queue.ts";
import { isoTime, jsonLine } from "../render/json.ts";
import { plural } from "../render/units.ts";
import { BrokenLines } from "./broken_lines.ts";
import { openBytes } from "./open_bytes.ts";
import { checkList, importList, type ImportOptions, type ImportSummary } from "./import_list.ts";
import { ImportProgress } from "./import_progress.ts";
import { LIST_FORMATS, type ListFormat } from "./record_readers.ts";

/** What is imported, and how. */
export interface ImportRequest {
  /** `-` for standard input. */
  readonly file: string;
  readonly format?: ListFormat | undefined;
  readonly limit?: number | undefined;
  readonly set?: string | undefined;
  readonly priority?: number | undefined;
  readonly strict: boolean;
  /** How the outcome is printed. @default "text" */
  readonly summary?: "text" | "json";
}

/** Imports a file; gives the exit code. */
export async function importFile(request: ImportRequest, context: CommandContext): Promise<number> {
  const { file, strict } = request;
  if (strict && file === "-") {
    throw new InputError("Cannot check standard input before it is taken: --strict needs a file");
  }
  const format = request.format ?? formatOfName(file);
  const name = file === "-" ? "standard input" : file;
  const report = new BrokenLines(name, context.stderr);
  const options: ImportOptions = {
    name,
    onBroken: (line, problem) => report.add(line, problem),
    ...(format === undefined ? {} : { format }),
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    set: request.set ?? setNameOf(file, context.clock.now()),
    ...(request.priority === undefined ? {} : { priority: request.priority }),
  };
  if (strict) {
    const broken = await checkList(await openBytes(file, context), options);
    if (broken > 0) {
      await report.end();
      throw new InputError(
        `Cannot import "${file}": ${plural(broken, "line is", "lines are")} broken; nothing was added`,
      );
    }
  }
  const summary = await take(context, await openBytes(file, context), options);
  await report.end();
  await context.stdout.write(request.summary === "json" ? jsonLine(summary) : summaryText(summary));
  return summary.broken > 0 ? EXIT.input : EXIT.done;
}

function summaryText({ added, duplicates, broken }: ImportSummary): string {
  return `${added} added, ${duplicates} duplicates, ${broken} broken\n`;
}

async function take(
  context: CommandContext,
  bytes: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportSummary> {
  using queue = await openQueue(context, { create: true });
  using progress = new ImportProgress(context);
  let taken = 0;
  try {
    return await importList(queue, bytes, {
      ...options,
      onBroken(line, problem) {
        progress.hide();
        options.onBroken(line, problem);
      },
      onProgress(soFar) {
        taken = soFar.added + soFar.duplicates;
        progress.show(soFar);
      },
    });
  } catch (error) {
    progress.hide();
    if (taken > 0) {
      await complain(
        context.stderr,
        `${plural(taken, "work is", "works are")} in the queue; import the list again to go on`,
      );
    }
    throw error;
  }
}

/** Each import is a set of its own, so that a short list does not wait behind a long one. */
function setNameOf(file: string, now: number): string {
  return file === "-" ? `stdin ${isoTime(now)}` : basename(file);
}

function formatOfName(file: string): ListFormat | undefined {
  const extension = file.slice(file.lastIndexOf(".") + 1).toLowerCase();
  if (extension === "ndjson") return "jsonl";
  return LIST_FORMATS.find((format) => format === extension);
}
