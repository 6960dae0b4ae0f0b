import { deepEqual } from "node:assert/strict";

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

/**
 * The environment is open to the main thread, because plugins name the variables of their settings and no build
 * knows them; the engine and the plugins hold none of it.
 */
Deno.test("the program may not run others, load libraries, import from the network or ask about the system", () => {
  deepEqual(permissions("compile"), [
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--no-prompt",
  ]);
});

Deno.test("tests fail on what they leave open", () => {
  const { sanitizeOps, sanitizeResources } = configuration.test;
  deepEqual({ sanitizeOps, sanitizeResources }, { sanitizeOps: true, sanitizeResources: true });
});

Deno.test("every file that a task names exists", async () => {
  const missing: string[] = [];
  for (const task of Object.keys(configuration.tasks)) {
    for (const path of command(task).split(" ").filter((word) => /^[\w./-]+\.ts$/.test(word))) {
      const found = await Deno.stat(new URL(`../${path}`, import.meta.url)).catch(() => undefined);
      if (found === undefined) missing.push(`${task}: ${path}`);
    }
  }
  deepEqual(missing, []);
});
