/**
 * `config show`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { configurationOf } from "../configuration.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { jsonLine } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";

const options = object({ format: formatOption });

/** The grammar of `config show`. */
export const configShowCommand = command(
  "show",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Show the configuration in force.`,
    description:
      message`Shows every key with the value that holds: defaults, over them the file, the environment and the options. Secrets are replaced by ***.`,
    footer: footer(["contentdownload config show", "contentdownload config show --format json"]),
  },
);

async function run({ format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  const { config, sources } = await configurationOf(context);
  const [{ redactConfig }, { secretSettings }, { stringify }] = await Promise.all([
    import("../../config/mod.ts"),
    import("../plugins/secret_settings.ts"),
    import("yaml"),
  ]);
  const shown = redactConfig(config, await secretSettings(context, config));
  const from = [sources.file ?? "no file", ...sources.environment, ...sources.flags].join(", ");
  await context.stdout.write(
    format === "json"
      ? jsonLine(shown)
      : `# Defaults, over them: ${from}\n${stringify(shown, { lineWidth: 0 })}`,
  );
  return EXIT.done;
}
