/**
 * `queue import`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, flag, option } from "@optique/core/primitives";
import { choice, integer, string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";

const options = object({
  file: argument(string({ metavar: "FILE" }), {
    description: message`The list; - for standard input.`,
  }),
  limit: optional(option("--limit", integer({ min: 1, metavar: "N" }), {
    description: message`Take only the first N works.`,
  })),
  format: optional(option("--format", choice(["jsonl", "txt", "csv"], { metavar: "FORMAT" }), {
    description:
      message`Form of the list: jsonl, txt or csv. Default: by the file's name, else by its first line.`,
  })),
  strict: withDefault(
    flag("--strict", {
      description: message`Check the whole file first, and take nothing if a line is broken.`,
    }),
    false,
  ),
  set: optional(option("--set", string({ metavar: "NAME" }), {
    description:
      message`Name of the set that the works belong to. Sets share the hosts evenly. Default: the name of the file.`,
  })),
  priority: optional(option("--priority", integer({ min: 0, max: 9, metavar: "N" }), {
    description: message`From 0, the most urgent, to 9; for all lines, in place of their own. Default: 0.`,
  })),
});

/** The arguments of `queue import`. */
export type ImportArguments = InferValue<typeof options>;

/** The grammar of `queue import`. */
export const queueImportCommand = command(
  "import",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Add a list of works from a file.`,
    description:
      message`Adds the works of a list to the queue, each once however often it is imported. A list is JSON Lines (objects with doi, arxiv, pmid, pmcid, openalex, url or artifact_id; other fields are kept as metadata), text (one identifier a line, # begins a comment) or CSV (a header names the columns). A broken line is reported with its number and the others are taken.`,
    footer: footer([
      "contentdownload queue import works.jsonl",
      "contentdownload queue import --format txt - < dois.txt",
      "contentdownload queue import works.csv --limit 100 --set trial --priority 3",
    ], [
      "0  every line was taken",
      "1  the program failed; what was taken before stays",
      "2  bad usage, or broken lines: each is named, the others were taken (none with --strict)",
    ]),
  },
);

async function run(args: ImportArguments, context: CommandContext): Promise<number> {
  const { importFile } = await import("../import/import_file.ts");
  return await importFile(args, context);
}
