/**
 * The log.
 *
 * @module
 */

import {
  compareLogLevel,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
  type TextFormatter,
  type TextFormatterOptions,
} from "@logtape/logtape";
import type { Clock, LogFields, Logger } from "../model/ports.ts";
import { redactQuery } from "../model/secret.ts";
import { redactFields } from "./_redact_fields.ts";
import { writeToStderr } from "./write_to_stderr.ts";

/** How grave a record has to be to be written, from the least grave. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** `text` for people, `json` for one JSON object a line. */
export type LogFormat = "text" | "json";

/** Options of {@linkcode createLogger}. */
export interface LoggerOptions {
  /** What the records' times are taken from. */
  readonly clock: Clock;
  /** The least grave level that is written. @default "info" */
  readonly level?: LogLevel;
  /** The form of a record. @default "text" */
  readonly format?: LogFormat;
  /** Whether text is coloured. @default whether standard error is a terminal and NO_COLOR is not set */
  readonly color?: boolean;
  /** Takes each record: one line, with its line break. @default {@linkcode writeToStderr} */
  readonly write?: (line: string) => void;
}

const CATEGORY = ["contentdownload"];

/** What a name or a value may be without quotes. */
const BARE = /^[\w.:/@%+*-]+$/;

/**
 * Makes a logger. It needs no permission, so that a confined worker can have one.
 *
 * Whatever a field holds comes out on one line and without terminal controls: names of files and messages of
 * servers cannot forge records. Fields whose names speak of a secret, and such parameters of URLs, are replaced
 * by `***`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { clock, level = "info", format = "text", color = takesColor(), write = writeToStderr } = options;
  const least = toLogTape(level);
  const toLine = formatterOf(format, color);

  const log = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (compareLogLevel(toLogTape(level), least) < 0) return;
    const properties = redactFields(fields);
    const rawMessage = redactQuery(message);
    write(toLine({
      category: CATEGORY,
      level: toLogTape(level),
      timestamp: Math.trunc(clock.now()),
      rawMessage,
      message: [format === "json" ? rawMessage : textOf(rawMessage, properties)],
      properties,
    }));
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function toLogTape(level: LogLevel): LogRecord["level"] {
  return level === "warn" ? "warning" : level;
}

function takesColor(): boolean {
  return !Deno.noColor && Deno.stderr.isTerminal();
}

function formatterOf(format: LogFormat, color: boolean): TextFormatter {
  if (format === "json") return getJsonLinesFormatter({ properties: "nest:fields" });
  const options: TextFormatterOptions = {
    timestamp: "rfc3339",
    level: (level) => level === "warning" ? "warn" : level,
    format: ({ timestamp, level, message }) => `${timestamp} ${level} ${message}`,
  };
  return color ? getAnsiColorFormatter(options) : getTextFormatter(options);
}

function textOf(message: string, fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).map(([name, value]) => ` ${quote(name)}=${quote(value)}`);
  return escapeControls(message) + shown.join("");
}

function quote(value: unknown): string {
  if (typeof value === "string" && BARE.test(value)) return value;
  return escapeControls(JSON.stringify(value) ?? String(value));
}

/** Escapes line breaks, terminal controls, and characters that reorder what stands beside them. */
function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
