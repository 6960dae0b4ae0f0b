/**
 * `queue check`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { formatOption } from "../shared_options.ts";

const options = object({ format: formatOption });

/** The grammar of `queue check`. */
export const queueCheckCommand = command(
  "check",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Check the database.`,
    description:
      message`Runs SQLite's integrity check and counts everything again, on one state of the database. A run may go on meanwhile.`,
    footer: footer(["contentdownload queue check"], [
      "0  the database is sound",
      "1  it is not; each fault is named",
      "2  bad usage, configuration or input",
    ]),
  },
);

async function run({ format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const report = await queue.check();
  const faults = [...report.integrity, ...report.counters];
  const text = faults.length === 0
    ? "The database is sound\n"
    : faults.map((fault) => `${printable(fault)}\n`).join("");
  await context.stdout.write(format === "json" ? jsonLine(report) : text);
  return faults.length === 0 ? EXIT.done : EXIT.failed;
}
