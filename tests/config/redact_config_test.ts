import { deepEqual, equal } from "node:assert/strict";
import { loadConfig, redactConfig } from "../../src/config/mod.ts";
import { withFile } from "./_files.ts";

Deno.test("redactConfig() replaces the secrets of resolvers by their names and by declaration, in a copy", async () => {
  const text = `
contact: { email: you@example.org }
resolvers:
  openalex: { api_key: hidden, base_url: https://x.org, tier: 2 }
  core: { accessToken: hidden, client_secret: { nested: hidden }, PASSWORD: hidden, phrase: hidden, plain: shown }
`;
  const { config } = await withFile(text, (file) => loadConfig({ version: "1", env: {}, file }));
  const before = structuredClone(config);
  const shown = redactConfig(config, { core: ["phrase"] });
  equal(JSON.stringify(shown).includes("hidden"), false);
  deepEqual(shown.resolvers, {
    openalex: { enabled: true, api_key: "***", base_url: "https://x.org", tier: 2 },
    core: {
      enabled: true,
      accessToken: "***",
      client_secret: "***",
      PASSWORD: "***",
      phrase: "***",
      plain: "shown",
    },
  });
  deepEqual({ ...shown, resolvers: {} }, { ...before, resolvers: {} });
  deepEqual(config, before);
});
