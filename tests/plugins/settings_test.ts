import assert from "node:assert/strict";
import { type PluginManifest, readManifest } from "../../src/plugins/manifest.ts";
import { isBaseUrl, resolveSettings, type SettingSources } from "../../src/plugins/settings.ts";

function manifestWith(settings: PluginManifest["settings"]): PluginManifest {
  const manifest = readManifest({ name: "p", version: "1", hosts: [], tier: 3, accepts: ["doi"], settings });
  assert.ok(!("problem" in manifest));
  return manifest;
}

const MANIFEST = manifestWith({
  email: { type: "string", required: true, env: "P_EMAIL", default: "default@a.org" },
  max: { type: "number", env: "P_MAX" },
  deep: { type: "boolean", env: "P_DEEP", default: false },
  base_url: { type: "url" },
});

function resolve(sources: Partial<SettingSources>, manifest = MANIFEST): ReturnType<typeof resolveSettings> {
  return resolveSettings(manifest, { configured: {}, common: {}, environment: {}, ...sources });
}

Deno.test("resolveSettings() takes the environment before the configuration, the common value and the default", () => {
  const environment = { P_EMAIL: "env@a.org" };
  const configured = { email: "file@a.org" };
  const common = { email: "common@a.org" };
  assert.equal(resolve({ environment, configured, common }).values["email"], "env@a.org");
  assert.equal(resolve({ environment: { P_EMAIL: "" }, configured, common }).values["email"], "file@a.org");
  assert.equal(resolve({ common }).values["email"], "common@a.org");
  assert.equal(resolve({}).values["email"], "default@a.org");
});

Deno.test("resolveSettings() passes over a common value that does not suit the plugin's setting", () => {
  const common = { email: "me@a.org" };
  const optional = resolve({ common }, manifestWith({ email: { type: "number", default: 1 } }));
  assert.deepEqual([optional.values["email"], optional.problems], [1, []]);
  const required = resolve({ common }, manifestWith({ email: { type: "url", required: true } }));
  assert.deepEqual([required.missing, required.problems], [["email"], []]);
});

Deno.test("resolveSettings() reads numbers and booleans of the environment, and only real ones of the file", () => {
  const { values, problems } = resolve({ environment: { P_MAX: "1.5", P_DEEP: "true" } });
  assert.deepEqual([values["max"], values["deep"], problems], [1.5, true, []]);
  const misfit = resolve({ environment: { P_MAX: "many", P_DEEP: "yes" } });
  assert.deepEqual([misfit.problems, misfit.misfits], [[], [
    `Cannot use resolvers.p.max: in the environment variable P_MAX, "many" is not a number`,
    `Cannot use resolvers.p.deep: in the environment variable P_DEEP, "yes" is not true or false`,
  ]]);
  assert.deepEqual(resolve({ configured: { max: "5", deep: "true" } }).problems, [
    `Cannot use resolvers.p.max: "5" is not a number`,
    `Cannot use resolvers.p.deep: "true" is not true or false`,
  ]);
});

Deno.test("resolveSettings() takes the slash off a base URL and keeps its path", () => {
  const valueOf = (base_url: string) => resolve({ configured: { base_url } }).values["base_url"];
  assert.equal(valueOf("http://127.0.0.1:9001/"), "http://127.0.0.1:9001");
  assert.equal(valueOf("https://proxy.a.org/crossref//"), "https://proxy.a.org/crossref");
});

Deno.test("resolveSettings() tells required settings without a value, and gathers secrets", () => {
  const manifest = manifestWith({
    key: { type: "string", required: true, secret: true },
    token: { type: "string", secret: true },
  });
  assert.deepEqual(resolve({}, manifest).missing, ["key"]);
  const given = resolve({ configured: { key: "k1", token: "t1" } }, manifest);
  assert.deepEqual([given.missing, given.secrets], [[], ["k1", "t1"]]);
  assert.deepEqual(resolve({ configured: { key: "k1", token: "" } }, manifest).secrets, ["k1"]);
  assert.deepEqual(resolve({ configured: { key: 12345 } }, manifest).problems, [
    "Cannot use resolvers.p.key: its value is not text",
  ]);
});

Deno.test("resolveSettings() does not take inherited names for settings", () => {
  const { problems } = resolve({ configured: JSON.parse(`{"constructor": 1, "__proto__": 2}`) });
  assert.equal(problems.length, 2);
});

Deno.test("resolveSettings() takes web URLs without credentials, and tiers from 0 to 99", () => {
  const problemOf = (configured: Record<string, unknown>) => resolve({ configured }).problems[0] ?? "";
  for (const base_url of ["ftp://a.org", "a.org", 5]) {
    assert.match(
      problemOf({ base_url }),
      /base_url: .* is not an absolute http or https URL$/,
      `${base_url}`,
    );
  }
  for (const base_url of ["https://me@a.org", "https://:pw@a.org"]) {
    assert.match(problemOf({ base_url }), /base_url: .* must not hold a user name or password$/, base_url);
  }
  for (const tier of [0, 99]) assert.equal(resolve({ configured: { tier } }).tier, tier);
  for (const tier of [-1, 100, 1.5, "1"]) {
    assert.match(problemOf({ tier }), /tier: .* is not a whole number from 0 to 99$/, `${tier}`);
  }
});

Deno.test("isBaseUrl() knows the origins of a provider by type and name", () => {
  const names = ["base_url", "files_base_url", "page_url", "base_urls"];
  assert.deepEqual(names.map((name) => isBaseUrl(name, { type: "url" })), [true, true, false, false]);
  assert.equal(isBaseUrl("base_url", { type: "string" }), false);
});
