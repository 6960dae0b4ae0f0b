/**
 * Imports a file and tells the operator about it.
 *
 * @module
 */

import { InputError } from "../../model/errors.ts";
import type { CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { formatCount, plural } from "../render/units.ts";
import type { Sink } from "../sink.ts";
import { openBytes } from "./open_bytes.ts";
import { checkList, importList, type ImportOptions, type ImportSummary } from "./import_list.ts";
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

/** Broken lines that are shown; the rest are counted. */
const SHOWN_BROKEN_LINES = 20;

/** On a terminal, the count is renewed this often. */
const PROGRESS_MS = 200;

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
    ...(request.set === undefined ? {} : { set: request.set }),
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
  return await importList(queue, bytes, { ...options, onProgress: (soFar) => progress.show(soFar) });
}

function formatOfName(file: string): ListFormat | undefined {
  const extension = file.slice(file.lastIndexOf(".") + 1).toLowerCase();
  if (extension === "ndjson") return "jsonl";
  return LIST_FORMATS.find((format) => format === extension);
}

/** Tells of broken lines: the first ones each, the rest by their number. */
class BrokenLines {
  readonly #place: string;
  readonly #stderr: Sink;
  #count = 0;

  constructor(place: string, stderr: Sink) {
    this.#place = place;
    this.#stderr = stderr;
  }

  add(line: number, problem: string): void {
    if (++this.#count > SHOWN_BROKEN_LINES) return;
    this.#write(`${this.#place}:${line}: ${problem}`);
  }

  async end(): Promise<void> {
    const more = this.#count - SHOWN_BROKEN_LINES;
    if (more > 0) await this.#write(`${this.#place}: and ${plural(more, "more broken line")}`);
    this.#count = 0;
  }

  #write(text: string): Promise<void> {
    return this.#stderr.write(`contentdownload: ${printable(text)}\n`).catch(() => {});
  }
}

/** A count that renews itself on a terminal; silent elsewhere. */
class ImportProgress implements Disposable {
  readonly #context: CommandContext;
  readonly #startedAt: number;
  readonly #active: boolean;
  #shownAt = -Infinity;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#startedAt = context.clock.now();
    this.#active = context.stderr.isTerminal && !context.global.quiet;
  }

  show({ added, duplicates }: ImportSummary): void {
    const now = this.#context.clock.now();
    if (!this.#active || now - this.#shownAt < PROGRESS_MS) return;
    this.#shownAt = now;
    const lines = added + duplicates;
    const perSecond = Math.round(lines / Math.max(0.001, (now - this.#startedAt) / 1000));
    this.#write(`${plural(lines, "line")} read, ${formatCount(added)} added, ${formatCount(perSecond)}/s`);
  }

  [Symbol.dispose](): void {
    if (this.#shownAt > -Infinity) this.#write("");
  }

  #write(text: string): void {
    this.#context.stderr.write(`\r\x1b[K${text}`).catch(() => {});
  }
}
