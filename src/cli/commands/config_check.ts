/**
 * `config check`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import { InputError } from "../../model/errors.ts";
import type { Action, CommandContext } from "../action.ts";
import { complain } from "../complain.ts";
import { configurationOf } from "../configuration.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { pluginsOption } from "../shared_options.ts";

const options = object({ plugins: pluginsOption });

/** The grammar of `config check`. */
export const configCheckCommand = command(
  "check",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Check the configuration.`,
    description:
      message`Checks every key of the configuration, and the settings of every plugin. Nothing is connected to.`,
    footer: footer(["contentdownload config check", "contentdownload config check --config new.yaml"]),
  },
);

async function run(args: InferValue<typeof options>, context: CommandContext): Promise<number> {
  const { config, sources } = await configurationOf(context);
  const { openRegistry } = await import("../plugins/open_registry.ts");
  await using registry = await openRegistry(context, args);
  const names = new Set(registry.plugins.map(({ manifest }) => manifest.name));
  const named = [
    ...Object.keys(config.resolvers).map((name) => ["resolvers", name] as const),
    ...config.pipeline.resolvers.map((name) => ["pipeline.resolvers", name] as const),
  ];
  const unknown = named.filter(([, name]) => !names.has(name));
  if (unknown.length > 0) {
    const known = [...names].sort().join(", ");
    throw new InputError(
      unknown.map(([key, name]) => `Cannot use ${key}: there is no plugin "${name}", only ${known}`).join(
        "\n",
      ),
    );
  }
  for (const { problem } of registry.broken) {
    await complain(context.stderr, problem);
  }
  for (const { unusable } of registry.plugins) {
    if (unusable === undefined) continue;
    await complain(context.stderr, unusable);
  }
  await context.stdout.write(`The configuration (${sources.file ?? "defaults"}) can be used\n`);
  return EXIT.done;
}
