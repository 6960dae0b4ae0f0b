import assert from "node:assert/strict";
import { foreignVariable, type PluginManifest, readManifest } from "../../src/plugins/manifest.ts";

function read(fields: Readonly<Record<string, unknown>>): PluginManifest | { readonly problem: string } {
  return readManifest({ name: "p", version: "1", hosts: [], tier: 1, accepts: ["doi"], ...fields });
}

function problemOf(fields: Readonly<Record<string, unknown>>): string {
  const manifest = read(fields);
  return "problem" in manifest ? manifest.problem : "";
}

Deno.test("readManifest() takes hosts as URLs write them, wild cards of whole labels, and nothing else", () => {
  const hosts = ["api.example.org", "a.b-c.org:8080", "127.0.0.1", "*.example.org", "*"];
  assert.equal(problemOf({ hosts, sharedHosts: hosts }), "");
  const wrong = [
    "",
    "API.example.org",
    "https://a.org",
    "a.org/x",
    "a b",
    "*a.org",
    "a.*.org",
    "u@a.org",
    "-a.org",
  ];
  for (const host of wrong) {
    assert.match(problemOf({ hosts: [host] }), /^hosts\[0\] is ".*", which is no host such as/, host);
    assert.match(problemOf({ sharedHosts: [host] }), /^sharedHosts\[0\] is ".*", which is no host/, host);
  }
});

Deno.test("readManifest() takes no name that every object has, for a plugin or a setting", () => {
  for (const name of ["constructor", "valueOf", "Name", "a-b", "", "a".repeat(65)]) {
    assert.match(problemOf({ name }), /^name must /, name);
    assert.notEqual(problemOf({ settings: { [name]: { type: "string" } } }), "", name);
  }
});

Deno.test("readManifest() wants an id to start from, and defaults that fit", () => {
  assert.match(problemOf({ accepts: [] }), /^accepts is invalid/);
  assert.match(problemOf({ accepts: ["isbn"] }), /^accepts\[0\] is invalid/);
  const setting = (value: unknown) => problemOf({ settings: { a: { type: "number", default: value } } });
  assert.equal(setting(5), "");
  assert.match(setting("5"), /settings\.a has a default that is not a number/);
});

Deno.test("foreignVariable() lets a plugin read its own variables and the program's, and no key of its settings", () => {
  const told = (env: string) => {
    const manifest = read({ settings: { a: { type: "string", env } } });
    if ("problem" in manifest) return assert.fail(manifest.problem);
    return foreignVariable(manifest);
  };
  for (const env of ["P_KEY", "CONTENTDOWNLOAD_KEY"]) assert.equal(told(env), undefined);
  for (
    const env of ["AWS_SECRET_ACCESS_KEY", "PATH", "CONTENTDOWNLOAD_", "CONTENTDOWNLOAD_RESOLVERS__CORE__KEY"]
  ) {
    assert.match(told(env) ?? "", /^settings\.a\.env is "/, env);
  }
});
