/**
 * `queue stats`.
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
import { jsonLine, statsJson } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";

const options = object({ format: formatOption });

/** The grammar of `queue stats`. */
export const queueStatsCommand = command(
  "stats",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Count jobs by state and reason.`,
    description:
      message`Counts jobs by state, and finished ones by reason. It is instant at any size of the queue.`,
    footer: footer(["contentdownload queue stats", "contentdownload queue stats --format json"]),
  },
);

async function run({ format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const stats = await queue.stats();
  const { stdout } = context;
  if (format === "json") await stdout.write(jsonLine(statsJson(stats)));
  else {
    // It knows the queue's states: imported above, it would have every command load the queue.
    const { statsTable } = await import("../render/stats_table.ts");
    await stdout.write(statsTable(stats, stdout.columns));
  }
  return EXIT.done;
}
