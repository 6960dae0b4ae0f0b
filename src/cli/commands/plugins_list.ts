/**
 * `plugins list`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";
import { formatOption, pluginsOption } from "../shared_options.ts";

const options = object({ plugins: pluginsOption, format: formatOption });

/** The arguments of `plugins list`. */
export type PluginsListArguments = InferValue<typeof options>;

/** The grammar of `plugins list`. */
export const pluginsListCommand = command(
  "list",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`List the plugins.`,
    description:
      message`Lists the plugins that a run would use, in the order in which they are asked: where each comes from, whether it can be used and, if not, why, and which other file it replaces.`,
    footer: footer([
      "contentdownload plugins list",
      "contentdownload plugins list --plugins ./my-plugins --format json",
    ]),
  },
);

async function run(args: PluginsListArguments, context: CommandContext): Promise<number> {
  const { listPlugins } = await import("../plugins/list_plugins.ts");
  return await listPlugins(args, context);
}
