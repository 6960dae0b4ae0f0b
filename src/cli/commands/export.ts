/**
 * `export`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, option } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";

const options = object({
  format: withDefault(
    option("--format", choice(["jsonl", "csv"], { metavar: "FORMAT" }), {
      description: message`jsonl, one JSON object a line, or csv. Default: jsonl.`,
    }),
    "jsonl",
  ),
  state: optional(option("--state", choice(["done", "skipped", "error"], { metavar: "STATE" }), {
    description: message`Only works that ended so: done, skipped or error. Default: all that ended.`,
  })),
  output: optional(option("--output", string({ metavar: "FILE" }), {
    description:
      message`Write to this file, which is replaced when all is written. Default: standard output.`,
  })),
});

/** The arguments of `export`. */
export type ExportArguments = InferValue<typeof options>;

/** The grammar of `export`. */
export const exportCommand = command(
  "export",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Write the records of finished works.`,
    description:
      message`Writes one record for each work that has ended: its outcome and reason, the file with its hash, where it came from, and what was tried. It may be run beside a running queue.`,
    footer: footer([
      "contentdownload export > records.jsonl",
      "contentdownload export --format csv --state error --output errors.csv",
    ]),
  },
);

async function run(args: ExportArguments, context: CommandContext): Promise<number> {
  const { exportRecords } = await import("../export/export_records.ts");
  return await exportRecords(args, context);
}
