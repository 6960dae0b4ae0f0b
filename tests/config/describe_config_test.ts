import { deepEqual, equal, ok } from "node:assert/strict";
import { configTemplate, describeConfig, loadConfig } from "../../src/config/mod.ts";
import { withFile } from "./_files.ts";

Deno.test("configTemplate() parses back to the defaults", async () => {
  const defaults = await withFile("", (file) => loadConfig({ version: "1", env: {}, file }));
  const template = await configTemplate();
  const loaded = await withFile(template, (file) => loadConfig({ version: "1", env: {}, file }));
  deepEqual(loaded.config, defaults.config);
  ok(template.split("\n").every((line) => line.length <= 110 && !/\s$/.test(line)));
});

Deno.test("configTemplate() shows each key, those without a default in a comment that can be used", async () => {
  const template = await configTemplate();
  const filled = uncomment(template);
  const { config } = await withFile(filled, (file) => loadConfig({ version: "1", env: {}, file }));
  deepEqual(config.limits, {
    "default": { rates: ["2/s"] },
    "host:journal.example.org": { concurrency: 1, rates: ["1/3s"] },
  });
  deepEqual(config.resolvers, {
    openalex: { enabled: true, api_key: "…" },
    landing_page: { enabled: false },
  });
  deepEqual(config.orchestrator.max_per_resolver, { crossref: 2 });
  ok(config.contact.email?.includes("@"));
  ok(config.network.user_agent.startsWith("library-harvest"));
});

/** Prose begins with a capital letter; what is commented out is YAML, and begins with a key or a dash. */
function uncomment(template: string): string {
  return template.replace(/^( *)# ((?: *)(?:- |[a-z][\w.:]*:(?: |$)))/gm, "$1$2");
}

Deno.test("describeConfig() has a purpose and an expectation for each key, and the bounds of the design", async () => {
  const keys = await describeConfig();
  for (const key of keys) {
    ok(key.description !== "" && key.expects !== "" && !/[.]$/.test(key.description), key.key);
    equal(key.variable.startsWith("CONTENTDOWNLOAD_"), true);
  }
  const workers = keys.find(({ key }) => key === "orchestrator.max_workers");
  deepEqual(workers, {
    key: "orchestrator.max_workers",
    variable: "CONTENTDOWNLOAD_ORCHESTRATOR__MAX_WORKERS",
    expects: "a whole number from 1 to 256",
    default: 8,
    description: "Jobs that are worked on at once",
  });
  ok(keys.some(({ key }) => key === "limits.<group>.adaptive.floor_per_second"));
});
