/**
 * `config init`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";

/** The grammar of `config init`. */
export const configInitCommand = command("init", map(object({}), (): Action => run), {
  brief: message`Write a configuration file to start from.`,
  description:
    message`Writes a commented configuration file with every key and its default. A file that is there is never overwritten.`,
  footer: footer([
    "contentdownload config init",
    "contentdownload config init --config /etc/contentdownload.yaml",
  ]),
});

async function run({ global, stdout }: CommandContext): Promise<number> {
  const [{ configTemplate, DEFAULT_CONFIG_FILE }, { writeNewFile }] = await Promise.all([
    import("../../config/mod.ts"),
    import("../export/write_file.ts"),
  ]);
  const path = global.config ?? DEFAULT_CONFIG_FILE;
  await writeNewFile(path, await configTemplate());
  await stdout.write(`Wrote ${path}; set contact.email in it, which several providers ask for\n`);
  return EXIT.done;
}
