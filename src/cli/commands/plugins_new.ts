/**
 * `plugins new`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";

const options = object({
  name: argument(string({ metavar: "NAME", pattern: /^[a-z][a-z0-9_]{0,63}$/ }), {
    description: message`Its name, in snake case.`,
    errors: {
      invalidValue: message`The name has to be in snake case, such as my_library, of at most 64 characters`,
    },
  }),
  directory: withDefault(
    option("--dir", string({ metavar: "DIR" }), {
      description: message`Directory to write it to. Default: the current one.`,
    }),
    ".",
  ),
});

/** The grammar of `plugins new`. */
export const pluginsNewCommand = command(
  "new",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Write a plugin to start from.`,
    description:
      message`Writes NAME.ts, a commented plugin that can be used as it stands. A file that is there is never overwritten.`,
    footer: footer(["contentdownload plugins new my_library", "contentdownload plugins check my_library.ts"]),
  },
);

async function run(
  { name, directory }: InferValue<typeof options>,
  context: CommandContext,
): Promise<number> {
  const [{ writeNewFile }, { pluginSkeleton }] = await Promise.all([
    import("../export/write_file.ts"),
    import("../plugins/skeleton.ts"),
  ]);
  const path = directory === "." ? `${name}.ts` : `${directory.replace(/\/+$/, "")}/${name}.ts`;
  await writeNewFile(path, pluginSkeleton(name));
  await context.stdout.write(`Wrote ${path}; check it with "contentdownload plugins check ${path}"\n`);
  return EXIT.done;
}
