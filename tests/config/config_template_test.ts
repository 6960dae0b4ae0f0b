import { deepEqual, ok } from "node:assert/strict";
import { configTemplate, loadConfig } from "../../src/config/mod.ts";
import { withFile } from "./_files.ts";

Deno.test("configTemplate() parses back to the defaults", async () => {
  const defaults = await withFile("", (file) => loadConfig({ version: "1", env: {}, file }));
  const template = await configTemplate();
  const loaded = await withFile(template, (file) => loadConfig({ version: "1", env: {}, file }));
  deepEqual(loaded.config, defaults.config);
  ok(!template.includes("undefined"), "each key has a purpose");
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
