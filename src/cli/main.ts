/**
 * The program as a function: arguments in, exit code out.
 *
 * @module
 */

import { runParser } from "@optique/core/facade";
import { formatMessage, type Message } from "@optique/core/message";
import { FatalError, InputError, messageOf } from "../model/errors.ts";
import type { CommandContext } from "./action.ts";
import { EXIT } from "./exit_code.ts";
import { commandLine } from "./grammar.ts";
import { printable } from "./render/printable.ts";
import { ReaderGone, type Sink } from "./sink.ts";
import { type Surroundings, systemSurroundings } from "./surroundings.ts";
import { VERSION } from "./version.ts";

const NAME = "contentdownload";

/** Help is wrapped to this width, whatever the terminal's: it is the same in a pipe and in a manual. */
const HELP_COLUMNS = 90;

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
    const parsed = parse(args);
    if ("text" in parsed) {
      await stdout.write(parsed.text);
      return EXIT.done;
    }
    if ("problem" in parsed) {
      await complain(stderr, `${parsed.problem}; see "${NAME} --help"`);
      return EXIT.input;
    }
    const { global, action } = parsed.command;
    const context: CommandContext = Object.create(surroundings, {
      global: { value: global, enumerable: true },
    });
    try {
      return await action(context);
    } catch (error) {
      if (!(error instanceof ReaderGone) && global.logLevel === "debug" && error instanceof Error) {
        await stderr.write(`${error.stack ?? ""}\n`);
      }
      throw error;
    }
  } catch (error) {
    return await fail(stderr, error);
  }
}

type Parsed =
  | { readonly command: ReturnType<typeof commandOf> }
  /** Help, version or a completion script. */
  | { readonly text: string }
  | { readonly problem: string };

/** Thrown by the callbacks that must not return. */
class Shown extends Error {
  readonly problem: Message | null;

  constructor(problem: Message | null = null) {
    super();
    this.problem = problem;
  }
}

function parse(args: readonly string[]): Parsed {
  let text = "";
  try {
    return { command: commandOf(args, (line) => text += `${line.replace(/ +$/gm, "")}\n`) };
  } catch (shown) {
    if (!(shown instanceof Shown)) throw shown;
    return shown.problem ? { problem: oneLine(shown.problem) } : { text };
  }
}

function commandOf(args: readonly string[], stdout: (text: string) => void) {
  const show = (): never => {
    throw new Shown();
  };
  return runParser(commandLine, NAME, args, {
    help: { option: { group: "Global options" }, onShow: show },
    version: { value: VERSION, option: { group: "Global options" }, onShow: show },
    completion: { command: true, onShow: show },
    onError: (_code, problem): never => {
      throw new Shown(problem);
    },
    stdout,
    stderr() {},
    colors: false,
    maxWidth: HELP_COLUMNS,
    termWidth: "auto",
    commandList: "top-level",
    usageLine: [{ type: "literal", value: "COMMAND" }, { type: "ellipsis" }],
    aboveError: "none",
  });
}

function oneLine(message: Message): string {
  return formatMessage(message, { quotes: true }).replace(/\s*\n\s*/g, " ").replaceAll("`", '"')
    .replace(/\.$/, "");
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
  await complain(stderr, known ? error.message : `Unexpected failure: ${messageOf(error)}`);
  return EXIT.failed;
}

async function complain(stderr: Sink, text: string): Promise<void> {
  const lines = text.split("\n").map((line) => `${NAME}: ${printable(line)}\n`);
  // Nobody may be there to read it; the exit code still tells.
  await stderr.write(lines.join("")).catch(() => {});
}
