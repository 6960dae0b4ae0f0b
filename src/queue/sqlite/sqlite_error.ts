/**
 * What SQLite's errors mean.
 *
 * @module
 */

import { FatalError, InputError, messageOf } from "../../model/errors.ts";

/** SQLite's primary result codes that are told apart; https://sqlite.org/rescode.html */
const BUSY = 5, READONLY = 8, IOERR = 10, CORRUPT = 11, FULL = 13, CANTOPEN = 14, NOTADB = 26;

/** An I/O error of the extended code: no room for the index of the write-ahead log, the first file that is made. */
const IOERR_SHMSIZE = 4874;

/** Whether another connection stands in the way, so that the same statement may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === BUSY;
}

/**
 * What an error of SQLite means for whoever runs the program: one line that names the file and the mend.
 *
 * @param path The database's.
 * @returns The error itself if it is explained already, or none of SQLite's.
 */
export function explainSqliteError(error: unknown, path: string): Error {
  if (error instanceof InputError || error instanceof FatalError) return error;
  const text = messageOf(error);
  const at = `queue "${path}"`;
  switch (codeOf(error) ?? codeOfText(text)) {
    case BUSY:
      return new FatalError(`Cannot use ${at}: another process has locked it`, { cause: error });
    case READONLY:
      return new FatalError(`Cannot write ${at}: the file or its directory is read-only`, { cause: error });
    case FULL:
      return new FatalError(`Cannot write ${at}: the disk is full; free some space and start again`, {
        cause: error,
      });
    case IOERR:
      return new FatalError(`Cannot use ${at}: the disk answered with an error: ${text}`, { cause: error });
    case CORRUPT:
      return new FatalError(`Cannot use ${at}: the database is damaged; restore it from a copy`, {
        cause: error,
      });
    case NOTADB:
      return new InputError(`Cannot open ${at}: it is not a SQLite database`, { cause: error });
    case CANTOPEN:
      return new InputError(`Cannot open ${at}: ${whyNotOpen(path)}`, { cause: error });
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(`Cannot open ${at}: ${text}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(text);
}

function whyNotOpen(path: string): string {
  try {
    if (Deno.statSync(path).isDirectory) return "it is a directory, not a file";
  } catch {
    // Then it is what the usual reason is.
  }
  return "its directory is missing or not accessible";
}

/** SQLite's primary result code, if the error carries one; `exec` does not attach it. */
function codeOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  if (typeof error.errcode !== "number") return undefined;
  return error.errcode === IOERR_SHMSIZE ? FULL : error.errcode & 0xff;
}

function codeOfText(text: string): number | undefined {
  if (/database is locked|database table is locked/.test(text)) return BUSY;
  if (/readonly database/.test(text)) return READONLY;
  if (/database or disk is full/.test(text)) return FULL;
  if (/disk I\/O error/.test(text)) return IOERR;
  // Tables that are there although the header says that nothing is: its version has been overwritten.
  if (/malformed|table \w+ already exists/.test(text)) return CORRUPT;
  if (/file is not a database/.test(text)) return NOTADB;
  if (/unable to open database/.test(text)) return CANTOPEN;
  return undefined;
}
