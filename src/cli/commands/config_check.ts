/**
 * `config check`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, flag } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { footer } from "../help.ts";
import { allowNetOption, formatOption, outOption, pluginsOption } from "../shared_options.ts";

const options = object({
  confinement: withDefault(
    flag("--confinement", {
      description: message`Also start the engine and let it try what it must not be able to do.`,
    }),
    false,
  ),
  out: outOption,
  allowNet: allowNetOption,
  plugins: pluginsOption,
  format: formatOption,
});

/** The arguments of `config check`. */
export type ConfigCheckArguments = InferValue<typeof options>;

/** The grammar of `config check`. */
export const configCheckCommand = command(
  "check",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Check the configuration.`,
    description:
      message`Checks every key of the configuration, and the settings of every plugin. Nothing is connected to.`,
    footer: footer([
      "contentdownload config check",
      "contentdownload config check --config new.yaml --format json",
      "contentdownload config check --confinement --allow-net api.unpaywall.org",
    ], [
      "0  the configuration can be used, and the engine is confined if that was asked",
      "1  the program failed, or the engine is not confined",
      "2  bad usage, or the configuration cannot be used; each fault is named",
    ]),
  },
);

async function run(args: ConfigCheckArguments, context: CommandContext): Promise<number> {
  const { checkConfig } = await import("../plugins/check_config.ts");
  return await checkConfig(args, context);
}
