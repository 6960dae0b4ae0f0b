/**
 * Options that several commands have.
 *
 * @module
 */

import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import { choice, integer, string, type ValueParser } from "@optique/core/valueparser";
import { isReason, type Reason } from "../model/reason.ts";
import { parseDuration } from "./render/units.ts";

/** `--format`: text for people, or one JSON value. */
export const formatOption = withDefault(
  option("--format", choice(["text", "json"], { metavar: "FORMAT" }), {
    description: message`text, or json for one JSON value on standard output. Default: text.`,
  }),
  "text",
);

/** `--out`: where files go. */
export const outOption = optional(option("--out", string({ metavar: "DIR" }), {
  description: message`Directory for the files. Default: storage.out of the configuration.`,
}));

/** `--workers`: artifacts at a time. */
export const workersOption = optional(
  option("--workers", integer({ min: 1, max: 256, metavar: "N" }), {
    description: message`Artifacts worked on at a time. Default: orchestrator.max_workers.`,
  }),
);

/** `--allow-net`: the only hosts that may be asked. */
export const allowNetOption = optional(option("--allow-net", hostList(), {
  description: message`The only hosts that may be asked, separated by commas. Default: every public host.`,
}));

/** `--plugins`: one more directory of plugins. */
export const pluginsOption = optional(option("--plugins", string({ metavar: "DIR" }), {
  description: message`One more directory of plugins; they replace those of the same name.`,
}));

/** `--state`: jobs of one state. */
export const stateOption = optional(
  option("--state", choice(["queued", "in_progress", "done", "skipped", "error"], { metavar: "STATE" }), {
    description: message`Only jobs of this state: queued, in_progress, done, skipped or error.`,
  }),
);

/** `--reason`: jobs that ended for one reason. */
export const reasonOption = optional(option("--reason", reasonCode(), {
  description: message`Only jobs that ended for this reason, such as timeout.`,
}));

/** A reason code. */
function reasonCode(): ValueParser<"sync", Reason> {
  return {
    mode: "sync",
    metavar: "REASON",
    placeholder: "ok",
    parse(input) {
      if (isReason(input)) return { success: true, value: input };
      return {
        success: false,
        error: message`Expected a reason code such as ${"timeout"}, but got ${input}.`,
      };
    },
    format: (reason) => reason,
  };
}

/** Hosts separated by commas. */
function hostList(): ValueParser<"sync", readonly string[]> {
  return {
    mode: "sync",
    metavar: "HOSTS",
    placeholder: [],
    parse(input) {
      const hosts = input.split(",").map((host) => host.trim());
      return hosts.includes("")
        ? { success: false, error: message`Expected hosts separated by commas, but got ${input}.` }
        : { success: true, value: hosts };
    },
    format: (hosts) => hosts.join(","),
  };
}

/** A duration such as `30d`, in milliseconds. */
export function duration(): ValueParser<"sync", number> {
  return {
    mode: "sync",
    metavar: "AGE",
    placeholder: 0,
    parse(input) {
      const durationMs = parseDuration(input);
      return durationMs === null
        ? { success: false, error: message`Expected a duration such as 30d, 12h or 90m, but got ${input}.` }
        : { success: true, value: durationMs };
    },
    format: (durationMs) => `${durationMs}ms`,
  };
}
