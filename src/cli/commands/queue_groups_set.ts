/**
 * `queue groups set`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, flag, option } from "@optique/core/primitives";
import { float, integer, string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";
import { formatOption, pluginsOption } from "../shared_options.ts";

const options = object({
  name: argument(string({ metavar: "NAME" }), {
    description: message`The group: a resolver's name, or a host such as example.org or example.org:8080.`,
  }),
  concurrency: optional(option("--concurrency", integer({ min: 1, metavar: "N" }), {
    description: message`Requests under way at once.`,
  })),
  rates: multiple(option("--rate", string({ metavar: "RATE" }), {
    description: message`Rate such as 10/s, 1/3s or 5000/h. May be given several times; all of them hold.`,
  })),
  dailyBudget: optional(option("--daily-budget", float({ min: 0.0001, metavar: "N" }), {
    description: message`What may be used up a day, in the API's own units: calls, credits or dollars.`,
  })),
  reset: withDefault(
    flag("--reset", { description: message`Take back what was set; the configuration holds again.` }),
    false,
  ),
  plugins: pluginsOption,
  format: formatOption,
});

/** The grammar of `queue groups set`. */
export const queueGroupsSetCommand = command(
  "set",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Change a group's limits, also while the queue runs.`,
    description:
      message`Sets limits of a group above the configuration's, upwards or downwards. They hold within a second in every process that works on the queue, and until they are taken back with --reset. What is not given stays as it is.`,
    footer: footer([
      "contentdownload queue groups set crossref --rate 5/s --concurrency 2",
      "contentdownload queue groups set example.org --rate 1/2s --rate 500/h",
      "contentdownload queue groups set openalex --daily-budget 50000",
      "contentdownload queue groups set crossref --reset",
    ]),
  },
);

async function run(args: InferValue<typeof options>, context: CommandContext): Promise<number> {
  const { setGroupLimits } = await import("../groups/set_group_limits.ts");
  return await setGroupLimits(args, context);
}
