/**
 * `plugins check`.
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
import { complain } from "../complain.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { formatOption } from "../shared_options.ts";

const options = object({
  file: argument(string({ metavar: "FILE" }), { description: message`The plugin, a .ts or .js file.` }),
  format: formatOption,
});

/** The grammar of `plugins check`. */
export const pluginsCheckCommand = command(
  "check",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Check a plugin file.`,
    description:
      message`Loads a plugin in its sandbox, without network, and checks what it states about itself.`,
    footer: footer(["contentdownload plugins check ./example.ts"], [
      "0  the plugin can be used",
      "1  the program failed",
      "2  it cannot; each problem is named with its line, where that is known",
    ]),
  },
);

async function run({ file, format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  const [{ checkPlugin, DEFAULT_BOUNDS }, { readPlugin }] = await Promise.all([
    import("../../plugins/mod.ts"),
    import("../plugins/read_plugin.ts"),
  ]);
  const source = await readPlugin(file);
  const { manifest, problems } = await checkPlugin(source, { clock: context.clock, bounds: DEFAULT_BOUNDS });
  if (format === "json") {
    await context.stdout.write(jsonLine({ file, manifest: manifest ?? null, problems }));
  } else if (manifest) {
    const { name, version, tier, accepts, hosts, settings } = manifest;
    const variables = Object.values(settings).flatMap(({ env }) => env ?? []);
    await context.stdout.write(
      printable(
        `${file}: plugin "${name}" ${version}, tier ${tier}, accepts ${accepts.join(", ")}, ` +
          `asks ${hosts.join(", ") || "nobody"}` +
          (variables.length > 0 ? `, reads the environment's ${variables.join(", ")}` : ""),
      ) + "\n",
    );
  }
  for (const { message, line, column } of problems) {
    const place = [file, line, column].filter((part) => part !== undefined).join(":");
    await complain(context.stderr, `${place}: ${message}`);
  }
  return problems.length === 0 ? EXIT.done : EXIT.input;
}
