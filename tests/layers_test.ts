import { deepEqual, equal, match, throws } from "node:assert/strict";
import { type ImportKind, type ParsedModule, parseModule } from "./layers/imports.ts";
import { findBreaches } from "./layers/rules.ts";
import { readTree } from "./layers/tree.ts";

Deno.test("the program's imports keep the layer rules", async () => {
  const modules = new Map<string, ParsedModule>();
  for (const { path, source } of await readTree(["main.ts", "src", "plugins", "fixtures"])) {
    modules.set(path, parseModule(path, source));
  }
  equal(findBreaches(modules).join("\n"), "");
});

/** Made-up trees, each with the one breach that it must show. */
const BREACHES: readonly (readonly [name: string, files: Record<string, string>, breach: RegExp | null])[] = [
  ["nothing wrong", {
    "main.ts": `import { main } from "./src/cli/mod.ts";`,
    "src/cli/mod.ts": `export { main } from "./main.ts"; export type { A } from "./main.ts";`,
    "src/cli/main.ts":
      `import { q } from "../queue/mod.ts"; import { r } from "../model/r.ts"; import "zod";`,
    "src/queue/mod.ts": `export * from "./sqlite/mod.ts"; export type { Port } from "./port.ts";`,
    "src/queue/port.ts": `import type { R } from "../model/r.ts"; import { x } from "./_x.ts";`,
    "src/queue/sqlite/mod.ts": `export { q } from "./store.ts";`,
    "src/queue/sqlite/store.ts": `import type { Port } from "../port.ts"; import { x } from "../_x.ts";`,
    "src/plugins/registry.ts":
      `new URL("../../plugins/", import.meta.url); new URL("./box/guest.ts", import.meta.url);`,
    "src/plugins/box/mod.ts": `export * from "./guest.ts";`,
    "plugins/a.ts": `import type { P } from "../src/plugins/api.ts";`,
    "fixtures/demo.ts":
      `import { main } from "../src/cli/mod.ts"; import type { R } from "../src/model/r.ts";`,
  }, null],
  ["a lower floor imports a higher one", {
    "src/queue/a.ts": `import type { P } from "../pipeline/mod.ts";`,
  }, /^src\/queue\/a.ts imports .*: pipeline lies above queue$/],
  ["rooms of one floor import each other", {
    "src/queue/a.ts": `export type { L } from "../limits/mod.ts";`,
  }, /queue and limits are rooms of one floor$/],
  ["the model imports a room", {
    "src/model/a.ts": `type A = import("../runtime/mod.ts").A;`,
  }, /runtime lies above model$/],
  ["a room imports the entry", { "src/cli/a.ts": `await import("../../main.ts");` }, /main lies above cli$/],
  ["an import passes a room's mod.ts", {
    "src/cli/a.ts": `import { b } from "../queue/b.ts";`,
  }, /past src\/queue\/mod.ts$/],
  ["a worker is started past its room's mod.ts", {
    "src/cli/a.ts": `new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" });`,
  }, /past src\/engine\/mod.ts$/],
  ["an import passes the mod.ts of a folder within the room", {
    "src/queue/a.ts": `import { s } from "./sqlite/store.ts";`,
    "src/queue/sqlite/mod.ts": `export { s } from "./store.ts";`,
  }, /past src\/queue\/sqlite\/mod.ts$/],
  ["a private file is imported from another room", {
    "src/cli/a.ts": `import { b } from "../queue/_b.ts";`,
  }, /private to its folder$/],
  ["a private file is imported from its parent folder", {
    "src/queue/a.ts": `import { b } from "./sqlite/_b.ts";`,
  }, /private to its folder$/],
  ["a mod.ts does more than re-export", {
    "src/queue/mod.ts": `export { a } from "./a.ts"; export const b = 1;`,
  }, /^src\/queue\/mod.ts does more than re-export$/],
  ["files import each other", {
    "src/queue/a.ts": `import { b } from "./b.ts";`,
    "src/queue/b.ts": `import type { c } from "./c.ts";`,
    "src/queue/c.ts": `new URL("./b.ts", import.meta.url);`,
  }, /^cycle: src\/queue\/b.ts → src\/queue\/c.ts → src\/queue\/b.ts$/],
  ["a file imports itself", { "src/model/a.ts": `export * from "./a.ts";` }, /^cycle: /],
  ["a plugin imports a value", {
    "plugins/a.ts": `import { P } from "../src/plugins/api.ts";`,
  }, /a plugin imports types/],
  ["a plugin imports another plugin's types", {
    "plugins/a.ts": `import type { B } from "./b.ts";`,
  }, /a plugin imports types/],
  [
    "a plugin imports a package",
    { "plugins/a.ts": `import type { Z } from "zod";` },
    /a plugin imports types/,
  ],
  [
    "a plugin imports at run time",
    { "plugins/a.ts": `const a = (x) => import(x);` },
    /what only a run could tell/,
  ],
  [
    "a room imports a plugin",
    { "src/plugins/a.ts": `import p from "../../plugins/a.ts";` },
    /not part of the program/,
  ],
  [
    "a room imports a test",
    { "src/cli/a.ts": `import { t } from "../../tests/t.ts";` },
    /not part of the program/,
  ],
  [
    "a room imports fixtures",
    { "src/cli/a.ts": `import("../../fixtures/web.ts");` },
    /not part of the program/,
  ],
  ["a room imports what only a run could tell", {
    "src/plugins/a.ts": "export const load = (x: string) => import(`./${x}.ts`);",
  }, /what only a run could tell: `\.\/\$\{x\}\.ts`$/],
  [
    "a room imports a package of the tests",
    { "src/queue/a.ts": `import fc from "fast-check";` },
    /for tests alone$/,
  ],
  ["a room is not in the layout", { "src/utils/a.ts": `import { R } from "../model/r.ts";` }, /in no room/],
  ["a room of the layout imports one that is not", {
    "src/cli/a.ts": `import { u } from "../utils/mod.ts";`,
  }, /in no room/],
  ["fixtures import values of the model", {
    "fixtures/web.ts": `import { REASONS } from "../src/model/reason.ts";`,
  }, /^fixtures\/web.ts .*types of its model alone$/],
  ["fixtures other than the demo import the program", {
    "fixtures/web.ts": `import { main } from "../src/cli/mod.ts";`,
  }, /types of its model alone$/],
  ["the demo imports another room", {
    "fixtures/demo.ts": `import { q } from "../src/queue/mod.ts";`,
  }, /types of its model alone$/],
];

for (const [name, files, breach] of BREACHES) {
  Deno.test(`findBreaches() when ${name}`, () => {
    const modules = new Map(Object.entries(files).map(([path, source]) => [path, parseModule(path, source)]));
    const breaches = findBreaches(modules);
    equal(breaches.length, breach === null ? 0 : 1, breaches.join("\n"));
    if (breach !== null) match(breaches.join(), breach);
  });
}

Deno.test("parseModule() finds every way to name a module", () => {
  const cases: readonly (readonly [string, ImportKind, string])[] = [
    [`import a from "./a.ts";`, "value", "./a.ts"],
    [`import "./a.ts";`, "value", "./a.ts"],
    [`import * as a from "./a.ts";`, "value", "./a.ts"],
    [`import a, { type B } from "./a.ts";`, "value", "./a.ts"],
    [`import type { A } from "./a.ts";`, "type", "./a.ts"],
    [`import { type A, type B } from "./a.ts";`, "type", "./a.ts"],
    [`export * from "./a.ts";`, "value", "./a.ts"],
    [`export * as a from "./a.ts";`, "value", "./a.ts"],
    [`export type * from "./a.ts";`, "type", "./a.ts"],
    [`export { a } from "./a.ts";`, "value", "./a.ts"],
    [`export { type A } from "./a.ts";`, "type", "./a.ts"],
    [`export type { A } from "./a.ts";`, "type", "./a.ts"],
    [`let a: import("./a.ts").A<string>;`, "type", "./a.ts"],
    [`let a: typeof import("./a.ts");`, "type", "./a.ts"],
    [`const a = async () => await import("./a.ts");`, "value", "./a.ts"],
    ["const a = import(`./a.ts`);", "value", "./a.ts"],
    [`const a = import(name);`, "computed", "name"],
    [`new Worker(new URL("./a.ts", import.meta.url).href, { type: "module" });`, "url", "./a.ts"],
    [`const a = import.meta.resolve("./a.ts");`, "url", "./a.ts"],
    [`import a from "./a.json" with { type: "json" };`, "value", "./a.json"],
  ];
  for (const [source, kind, specifier] of cases) {
    deepEqual(parseModule("src/a.ts", source).imports, [{ kind, specifier }], source);
  }
});

Deno.test("parseModule() is not misled by text", () => {
  const source =
    `// import "./a.ts"\nconst a = 'import "./b.ts"'; /* export * from "./c.ts" */ new URL("./d.ts", base);`;
  deepEqual(parseModule("src/a.ts", source).imports, []);
});

Deno.test("parseModule() throws on what is no module", () => {
  throws(() => parseModule("src/a.ts", "const = ;"), SyntaxError);
});
