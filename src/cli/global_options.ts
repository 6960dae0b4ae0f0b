/**
 * Options that every command takes, before or after its name.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { flag, option } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";

/** The grammar of the global options. */
export const globalOptions = object("Global options", {
  config: optional(option("--config", string({ metavar: "FILE" }), {
    description: message`Configuration file. Default: contentdownload.yaml, if there is one.`,
    hidden: "usage",
  })),
  db: optional(option("--db", string({ metavar: "FILE" }), {
    description: message`Database of the queue. Default: state/workqueue.sqlite.`,
    hidden: "usage",
  })),
  logLevel: optional(option("--log-level", choice(["debug", "info", "warn", "error"], { metavar: "LEVEL" }), {
    description: message`What is logged on standard error: debug, info, warn or error.`,
    hidden: "usage",
  })),
  logFormat: optional(option("--log-format", choice(["text", "json"], { metavar: "FORMAT" }), {
    description: message`Form of the log: text, or json for one object a line.`,
    hidden: "usage",
  })),
  quiet: withDefault(
    flag("--quiet", { description: message`No progress, and only errors in the log.`, hidden: "usage" }),
    false,
  ),
  noColor: withDefault(
    flag("--no-color", { description: message`No colours; NO_COLOR does the same.`, hidden: "usage" }),
    false,
  ),
});

/** The values of the global options. */
export type GlobalOptions = InferValue<typeof globalOptions>;
