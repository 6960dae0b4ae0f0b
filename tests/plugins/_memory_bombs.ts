/** Sets off 18 memory bombs and prints by how many MiB the memory of the process had grown at its highest. */

import assert from "node:assert/strict";
import { ask, failureOf, openShared, openTexts, pluginText } from "./_opened.ts";

const BOMB = "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));";

const texts: Record<string, string> = {};
for (let index = 0; index < 6; index++) texts[`bomb${index}.js`] = pluginText(`bomb${index}`, BOMB);
await using registry = await (Deno.args[0] === "shared" ? openShared : openTexts)(texts);
const before = Deno.memoryUsage().rss;
let highest = before;
for (let time = 0; time < 3; time++) {
  for (const { name } of registry.resolvers) {
    assert.match(failureOf(await ask(registry, name)), /memory/);
    highest = Math.max(highest, Deno.memoryUsage().rss);
  }
}
console.log(Math.round((highest - before) / 2 ** 20));
