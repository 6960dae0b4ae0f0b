/**
 * `queue enqueue`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, option } from "@optique/core/primitives";
import { integer, string } from "@optique/core/valueparser";
import { InputError, messageOf } from "../../model/errors.ts";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";

const options = object({
  artifactId: optional(argument(string({ metavar: "ARTIFACT_ID" }), {
    description: message`DOI, arXiv id, PMID, PMCID, OpenAlex id or URL of the work.`,
  })),
  metadata: optional(argument(string({ metavar: "JSON" }), {
    description: message`An object to keep beside it; resolvers may read it.`,
  })),
  input: optional(option("--input", string({ metavar: "FILE" }), {
    description: message`A list of works instead, as queue import takes it; - for standard input.`,
  })),
  priority: optional(option("--priority", integer({ min: 0, max: 9, metavar: "N" }), {
    description: message`From 0, the most urgent, to 9. Default: 0.`,
  })),
  format: formatOption,
});

type Arguments = InferValue<typeof options>;

/** The grammar of `queue enqueue`. */
export const queueEnqueueCommand = command(
  "enqueue",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Add one work.`,
    description: message`Adds a work to the queue. A work that is there already stays as it is.`,
    footer: footer([
      "contentdownload queue enqueue doi:10.1371/journal.pone.0213978",
      `contentdownload queue enqueue arXiv:2101.00001 '{"project":"survey"}'`,
      "contentdownload queue enqueue --input works.jsonl",
    ]),
  },
);

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { artifactId, metadata, input, priority, format } = args;
  if (input !== undefined) {
    if (artifactId !== undefined) {
      throw new InputError("Cannot enqueue: give an ARTIFACT_ID or --input, not both");
    }
    const { importFile } = await import("../import/import_file.ts");
    return await importFile({ file: input, priority, strict: false, summary: format }, context);
  }
  if (artifactId === undefined) throw new InputError("Cannot enqueue: give an ARTIFACT_ID or --input FILE");
  const [{ artifactFromRecord }, { routed }] = await Promise.all([
    import("../../model/artifact_from_record.ts"),
    import("../import/routed.ts"),
  ]);
  const artifact = artifactFromRecord({ ...readMetadata(metadata), artifact_id: artifactId });
  using queue = await openQueue(context, { create: true });
  const enqueued = await queue.enqueue([routed({ ...artifact, priority: priority ?? artifact.priority })]);
  await context.stdout.write(
    format === "json"
      ? jsonLine({ artifact_id: artifact.artifactId, ...enqueued })
      : `${artifact.artifactId}: ${enqueued.added > 0 ? "added" : "there already"}\n`,
  );
  return EXIT.done;
}

function readMetadata(json: string | undefined): object {
  if (json === undefined) return {};
  let metadata: unknown;
  try {
    metadata = JSON.parse(json);
  } catch (error) {
    throw new InputError(`Cannot read the metadata: "${json}" is not JSON: ${messageOf(error)}`);
  }
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)) return metadata;
  throw new InputError(`Cannot read the metadata: "${json}" is not a JSON object`);
}
