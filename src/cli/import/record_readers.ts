/**
 * Readers of the forms that lists come in.
 *
 * @module
 */

import { artifactFromRecord } from "../../model/artifact_from_record.ts";
import { InputError } from "../../model/errors.ts";
import type { NewJob } from "../../queue/mod.ts";
import { parseCsvRecord } from "../csv.ts";
import { MAX_LINE_CHARS } from "./lines.ts";

/** The forms that lists come in. */
export const LIST_FORMATS = ["jsonl", "txt", "csv"] as const;

/** A form that lists come in. */
export type ListFormat = typeof LIST_FORMATS[number];

/** What a line came to: a job, nothing (blank, comment, header, record that goes on), or what is wrong with it. */
export type LineResult = NewJob | null | { readonly problem: string; readonly line: number };

/** Reads one line after the other; numbers count from 1. */
export interface RecordReader {
  read(line: string, number: number): LineResult;
  /** What is wrong with the end of the file, if anything. */
  end(): LineResult;
}

/**
 * The reader of a format.
 *
 * @param name What errors call the list.
 */
export function recordReader(format: ListFormat, name: string): RecordReader {
  switch (format) {
    case "jsonl":
      return eachLine((line) => artifactFromRecord(JSON.parse(line)));
    case "txt":
      return eachLine((line) => line.startsWith("#") ? null : artifactFromRecord(withoutComment(line)));
    case "csv":
      return new CsvReader(name);
  }
}

/** Tells the format of a list by its first line that is neither blank nor a comment. */
export function sniffFormat(line: string): ListFormat {
  if (/^[{["]/.test(line)) return "jsonl";
  const fields = parseCsvRecord(line, separatorOf(line));
  return Array.isArray(fields) && fields.some(isIdColumn) ? "csv" : "txt";
}

const ID_COLUMN = /^\s*(?:artifact_id|doi|arxiv|pmid|pmcid|openalex|url)\s*$/i;

function isIdColumn(name: string): boolean {
  return ID_COLUMN.test(name);
}

function eachLine(read: (line: string) => NewJob | null): RecordReader {
  return {
    read(line, number) {
      const trimmed = line.trim();
      return trimmed === "" ? null : attempt(number, line, () => read(trimmed));
    },
    end: () => null,
  };
}

function attempt(number: number, line: string, read: () => NewJob | null): LineResult {
  const problem = (text: string) => ({ problem: text, line: number });
  if (line.length > MAX_LINE_CHARS) return problem(`the line is longer than ${MAX_LINE_CHARS} characters`);
  try {
    const job = read();
    // The decoder puts this mark where bytes were not UTF-8; an identifier never holds it.
    if (job?.artifactId.includes("\ufffd")) return problem("the line is not UTF-8");
    return job;
  } catch (error) {
    if (error instanceof SyntaxError) return problem(`it is not JSON: ${withoutPlace(error.message)}`);
    if (error instanceof InputError) return problem(error.message);
    throw error;
  }
}

/** The parser counts each line as a file of its own: its "line 1" would contradict the line that is named. */
function withoutPlace(message: string): string {
  return message.replace(/ \(line 1 column \d+\)$/, "");
}

/** `10.1000/182  # the handbook`: a comment begins with a mark after white space. */
function withoutComment(line: string): string {
  return line.replace(/\s+#.*$/, "");
}

/** Spreadsheets of half of Europe write semicolons; tables copied from elsewhere have tabs. */
function separatorOf(header: string): string {
  const count = (mark: string) => header.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best);
}

/** A record may go on over lines: `#open` holds what has come of it. */
class CsvReader implements RecordReader {
  readonly #name: string;
  #separator = ",";
  #header: readonly string[] | null = null;
  #open: { readonly text: string; readonly line: number } | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  read(line: string, number: number): LineResult {
    const text = this.#open ? `${this.#open.text}\n${line}` : line;
    const first = this.#open?.line ?? number;
    this.#open = null;
    if (text.trim() === "") return null;
    if (!this.#header) this.#separator = separatorOf(text);
    const fields = parseCsvRecord(text, this.#separator);
    if (fields === "unfinished") {
      if (text.length > MAX_LINE_CHARS) {
        return { problem: "a quote that opens here is never closed", line: first };
      }
      this.#open = { text, line: first };
      return null;
    }
    if ("problem" in fields) return { problem: fields.problem, line: first };
    if (!this.#header) return this.#readHeader(fields);
    // Spreadsheets write the empty rows below a table as well.
    if (fields.every((field) => field.trim() === "")) return null;
    return this.#readRecord(this.#header, fields, first, text);
  }

  end(): LineResult {
    return this.#open && { problem: "a quote that opens here is never closed", line: this.#open.line };
  }

  #readHeader(fields: readonly string[]): null {
    const header = fields.map((name) => isIdColumn(name) ? name.trim().toLowerCase() : name.trim());
    if (!header.some(isIdColumn)) {
      throw new InputError(
        `Cannot read "${this.#name}": its first line is no header with a column artifact_id, doi, arxiv, pmid, ` +
          `pmcid, openalex or url`,
      );
    }
    this.#header = header;
    return null;
  }

  #readRecord(header: readonly string[], fields: readonly string[], line: number, text: string): LineResult {
    if (fields.length > header.length) {
      return { problem: `it has ${fields.length} fields where the header has ${header.length}`, line };
    }
    const named = fields.flatMap((field, index) => {
      const name = header[index] ?? "";
      if (field === "") return [];
      return [[name, name === "priority" && /^\d+$/.test(field) ? Number(field) : field] as const];
    });
    return attempt(line, text, () => artifactFromRecord(Object.fromEntries(named)));
  }
}
