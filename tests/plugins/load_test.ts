import assert from "node:assert/strict";
import { InputError } from "../../src/model/errors.ts";
import { EMBEDDED_ORIGIN, loadPluginSources } from "../../src/plugins/mod.ts";

Deno.test("loadPluginSources() reads the first-party plugins first, then each directory in order", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const files = [
      "b.js",
      "a.ts",
      "a_test.ts",
      "types.d.ts",
      "_part.ts",
      ".hidden.js",
      "notes.md",
      "data.json",
    ];
    for (const file of files) await Deno.writeTextFile(`${directory}/${file}`, `// ${file}`);
    await Deno.mkdir(`${directory}/folder.ts`);
    await Deno.symlink(`${directory}/nowhere`, `${directory}/lost.ts`);
    const { sources, broken } = await loadPluginSources([directory]);
    const embedded = sources.filter(({ origin }) => origin === EMBEDDED_ORIGIN);
    assert.deepEqual(embedded.map(({ file }) => file), [
      "arxiv.ts",
      "crossref.ts",
      "landing_page.ts",
      "openalex.ts",
      "unpaywall.ts",
    ]);
    assert.deepEqual(
      sources.slice(embedded.length).map(({ file, origin, source }) => [file, origin, source]),
      [
        ["a.ts", directory, "// a.ts"],
        ["b.js", directory, "// b.js"],
      ],
    );
    assert.deepEqual(broken.map(({ file }) => file), ["lost.ts"]);
    assert.match(broken[0]?.problem ?? "", /^Cannot read plugin "lost\.ts": /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadPluginSources() names a directory that is not there", async () => {
  await assert.rejects(loadPluginSources(["/nonexistent/plugins"]), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^Cannot read plugins from "\/nonexistent\/plugins": /);
    return true;
  });
});
