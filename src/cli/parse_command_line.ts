/**
 * From arguments to an action, or to what is printed instead.
 *
 * @module
 */

import { runParser } from "@optique/core/facade";
import { formatMessage, type Message, message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { PROGRAM } from "./complain.ts";
import { commandLine } from "./grammar.ts";
import { footer, RUN_EXIT_CODES } from "./help.ts";
import { VERSION } from "./version.ts";

/** Help is wrapped to this width, whatever the terminal's: it is the same in a pipe and in a manual. */
const HELP_COLUMNS = 90;

/** What a command line came to. */
export type ParsedCommandLine =
  | { readonly command: InferValue<typeof commandLine> }
  /** Help, version or a completion script. */
  | { readonly text: string }
  /** Why it cannot be understood, in one line. */
  | { readonly problem: string };

/** Thrown by the callbacks that must not return. */
class Shown extends Error {
  readonly problem: Message | null;

  constructor(problem: Message | null = null) {
    super();
    this.problem = problem;
  }
}

/** Parses a command line; prints nothing. */
export function parseCommandLine(args: readonly string[]): ParsedCommandLine {
  let text = "";
  try {
    return { command: commandOf(args, (line) => text += `${line.replace(/ +$/gm, "")}\n`) };
  } catch (shown) {
    if (!(shown instanceof Shown)) throw shown;
    return shown.problem ? { problem: oneLine(shown.problem) } : { text };
  }
}

function commandOf(args: readonly string[], stdout: (text: string) => void): InferValue<typeof commandLine> {
  const show = (): never => {
    throw new Shown();
  };
  return runParser(commandLine, PROGRAM, args, {
    help: { option: { group: "Global options" }, onShow: show },
    version: { value: VERSION, option: { group: "Global options" }, onShow: show },
    completion: { command: true, onShow: show },
    onError: (_code, problem): never => {
      throw new Shown(problem);
    },
    stdout,
    stderr() {},
    description: message`Fetches the open-access full texts of scholarly works, legally and politely.`,
    footer: footer([
      "contentdownload get 10.1371/journal.pone.0213978",
      "contentdownload queue import works.jsonl",
      "contentdownload queue run --drain",
      "contentdownload export --format csv > records.csv",
    ], RUN_EXIT_CODES),
    colors: false,
    maxWidth: HELP_COLUMNS,
    termWidth: "auto",
    commandList: "top-level",
    usageLine: [{ type: "literal", value: "COMMAND" }, { type: "ellipsis" }],
    aboveError: "none",
  });
}

function oneLine(problem: Message): string {
  return formatMessage(problem, { quotes: true }).replace(/\s*\n\s*/g, " ").replaceAll("`", '"')
    .replace(/\.$/, "");
}
