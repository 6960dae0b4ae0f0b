/**
 * The program as a function: arguments in, exit code out.
 *
 * @module
 */

import { FatalError, InputError, messageOf } from "../model/errors.ts";
import type { CommandContext } from "./action.ts";
import { complain, PROGRAM } from "./complain.ts";
import { EXIT } from "./exit_code.ts";
import { parseCommandLine } from "./parse_command_line.ts";
import { ReaderGone, type Sink } from "./sink.ts";
import { type Surroundings, systemSurroundings } from "./surroundings.ts";

/**
 * Runs one command line.
 *
 * @param args Arguments without the program's name.
 * @returns The exit code: 0 done; 1 failed; 2 bad usage, configuration or input; 3 some artifacts ended in `error`;
 * 130 and 143 after a stop by signal.
 */
export async function main(
  args: readonly string[],
  surroundings: Surroundings = systemSurroundings(),
): Promise<number> {
  const { stdout, stderr } = surroundings;
  try {
    const parsed = parseCommandLine(args);
    if ("text" in parsed) {
      await stdout.write(parsed.text);
      return EXIT.done;
    }
    if ("problem" in parsed) {
      await complain(stderr, `${parsed.problem}; see "${PROGRAM} --help"`);
      return EXIT.input;
    }
    const { global, action } = parsed.command;
    const context: CommandContext = { ...surroundings, global };
    try {
      return await action(context);
    } catch (error) {
      if (global.logLevel === "debug") await showStack(stderr, error);
      throw error;
    }
  } catch (error) {
    return await fail(stderr, error);
  }
}

/** Says what went wrong, one line for each thing, and gives the exit code. */
async function fail(stderr: Sink, error: unknown): Promise<number> {
  // `export | head` has what it wanted.
  if (error instanceof ReaderGone) return EXIT.done;
  if (error instanceof InputError) {
    await complain(stderr, error.message);
    return EXIT.input;
  }
  const known = error instanceof FatalError;
  const text = known ? error.message : `Unexpected failure: ${messageOf(error).split("\n")[0]}`;
  await complain(stderr, text);
  return EXIT.failed;
}

/** A defect is looked for by its stack; what the operator can mend needs none. */
async function showStack(stderr: Sink, error: unknown): Promise<void> {
  if (!(error instanceof Error) || error instanceof ReaderGone) return;
  await stderr.write(`${error.stack ?? error.message}\n`).catch(() => {});
}
