import { deepEqual } from "node:assert/strict";
import { restartKeys } from "../../src/cli/progress/restart_keys.ts";
import { loadConfig } from "../../src/config/mod.ts";

async function changed(before: string, after: string): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  const load = async (text: string) => {
    await Deno.writeTextFile(file, text);
    return (await loadConfig({ version: "1", env: {}, file })).config;
  };
  try {
    return restartKeys(await load(before), await load(after));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("restartKeys() names no limits, which a run takes over", async () => {
  deepEqual(
    await changed(
      "orchestrator: { max_per_host: 2 }",
      `
orchestrator: { max_per_host: 3, max_per_resolver: { crossref: 1 } }
limits: { default: { rates: [2/s] } }
resolvers: { crossref: { limits: { concurrency: 1 } } }
`,
    ),
    [],
  );
});

Deno.test("restartKeys() names all else that differs, without its value", async () => {
  deepEqual(
    await changed(
      "network: { allow_net: [a.org] }\nresolvers: { openalex: { api_key: a } }",
      `
orchestrator: { max_workers: 9 }
network: { allow_net: [a.org, b.org] }
resolvers: { openalex: { api_key: b, limits: { concurrency: 1 } }, crossref: { enabled: false } }
storage: { out: elsewhere }
`,
    ),
    [
      "orchestrator.max_workers",
      "network.allow_net",
      "resolvers.openalex.api_key",
      "resolvers.crossref.enabled",
      "storage.out",
    ],
  );
});
