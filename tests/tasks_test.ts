import { deepEqual, equal, ok } from "node:assert/strict";

interface Configuration {
  readonly test: Readonly<Record<string, unknown>>;
  readonly tasks: Readonly<Record<string, string | { readonly command?: string }>>;
}

const configuration: Configuration = JSON.parse(
  await Deno.readTextFile(new URL("../deno.json", import.meta.url)),
);

function command(task: string): string {
  const found = configuration.tasks[task];
  return typeof found === "string" ? found : found?.command ?? "";
}

/** The permission flags of a task, without those that only say where files lie. */
function permissions(task: string): string[] {
  return command(task).split(" ").filter((word) => /^(-A|-P|--(allow|deny|ignore)-|--no-prompt)/.test(word))
    .sort();
}

Deno.test("the program has the same permissions from source and as a binary", () => {
  deepEqual(permissions("compile"), permissions("cli"));
});

Deno.test("the program is given no permission to run, to load libraries or to read about the system", () => {
  const flags = permissions("compile");
  ok(flags.includes("--no-prompt"));
  deepEqual(flags.filter((flag) => /^(-A|-P|--allow-(all|run|ffi|sys|import))/.test(flag)), []);
  equal(flags.find((flag) => flag.startsWith("--allow-env"))?.startsWith("--allow-env="), true);
});

Deno.test("tests fail on what they leave open", () => {
  const { sanitizeOps, sanitizeResources } = configuration.test;
  deepEqual({ sanitizeOps, sanitizeResources }, { sanitizeOps: true, sanitizeResources: true });
});
