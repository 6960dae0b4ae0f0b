/**
 * `plugins run`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";
import { allowNetOption, formatOption } from "../shared_options.ts";

const options = object({
  file: argument(string({ metavar: "FILE" }), { description: message`The plugin, a .ts or .js file.` }),
  id: argument(string({ metavar: "ID" }), { description: message`The work to ask about.` }),
  allowNet: allowNetOption,
  format: formatOption,
});

/** The arguments of `plugins run`. */
export type PluginsRunArguments = InferValue<typeof options>;

/** The grammar of `plugins run`. */
export const pluginsRunCommand = command(
  "run",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Ask one plugin about one work.`,
    description:
      message`Runs a plugin as a run of the queue would, with its settings and limits, and prints what it answers. Nothing is downloaded.`,
    footer: footer(["contentdownload plugins run ./example.ts 10.1371/journal.pone.0213978"], [
      "0  the plugin answered",
      "1  the program failed",
      "2  bad usage, configuration or input",
      "3  the plugin failed",
    ]),
  },
);

async function run(args: PluginsRunArguments, context: CommandContext): Promise<number> {
  const { runPlugin } = await import("../plugins/run_plugin.ts");
  return await runPlugin(args, context);
}
