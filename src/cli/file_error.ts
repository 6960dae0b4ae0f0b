/**
 * What the system's errors mean for the person who named the file.
 *
 * @module
 */

import { FatalError, InputError, messageOf } from "../model/errors.ts";

/** Turns an error of the file system into one that names the file and what would mend it. */
export function explainFileError(error: unknown, doing: "read" | "write", path: string): Error {
  if (error instanceof InputError || error instanceof FatalError) return error;
  const cannot = `Cannot ${doing} "${path}"`;
  const options = { cause: error };
  if (error instanceof Deno.errors.NotFound) {
    const what = doing === "read" ? "there is no such file" : "its directory does not exist";
    return new InputError(`${cannot}: ${what}`, options);
  }
  if (error instanceof Deno.errors.IsADirectory || /is a directory/i.test(messageOf(error))) {
    return new InputError(`${cannot}: it is a directory`, options);
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new InputError(`${cannot}: a part of its path is a file`, options);
  }
  if (error instanceof Deno.errors.AlreadyExists) {
    return new InputError(`${cannot}: it exists already`, options);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new FatalError(`${cannot}: permission denied by the system`, options);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(`${cannot}: ${messageOf(error)}`, options);
  }
  if (/os error 28|no space left/i.test(messageOf(error))) {
    return new FatalError(`${cannot}: the disk is full; free some space and start again`, options);
  }
  return new FatalError(`${cannot}: ${messageOf(error)}`, options);
}
