import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { type LittleWeb, startLittleWeb, type Work } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { faultsOf } from "../_support/stored.ts";
import { Workspace } from "../_support/workspace.ts";

/** Takes the place of the built-in plugin of its name; its types must be erased when it is loaded. */
const REPLACED_UNPAYWALL = `
interface Location { readonly url_for_pdf?: string | null }

export default {
  name: "unpaywall",
  version: "9.9.9",
  hosts: ["api.unpaywall.org"],
  tier: 1,
  accepts: ["doi"],
  settings: {
    email: { type: "string", required: true, description: "Your address" },
    base_url: { type: "url", default: "https://api.unpaywall.org", description: "Origin of the API" },
  },
  async resolve(artifact: { ids: { doi: string } }, ctx: any) {
    const doi: string = encodeURIComponent(artifact.ids.doi);
    const answer = await ctx.fetch(\`\${ctx.settings.base_url}/v2/\${doi}?email=\${ctx.settings.email}\`);
    if (answer.status !== 200) return { candidates: [], verdict: "not-found" as const };
    const { best_oa_location: best } = answer.json() as { best_oa_location: Location | null };
    const url = best?.url_for_pdf;
    return { candidates: url ? [{ url, kind: "pdf", version: "published", license: "of-the-replacement" }] : [] };
  },
};
`;

/** Knows works that nobody else knows. */
function localResolver(urls: Readonly<Record<string, string>>): string {
  return `
export default {
  name: "local_list",
  version: "1.0.0",
  hosts: [],
  tier: 0,
  accepts: ["doi"],
  resolve({ ids }) {
    const url = ${JSON.stringify(urls)}[ids.doi];
    return { candidates: url ? [{ url, kind: "pdf", version: null, license: null }] : [] };
  },
};
`;
}

const ENDLESS = `
export default {
  name: "endless",
  version: "1.0.0",
  hosts: [],
  tier: 1,
  accepts: ["doi"],
  resolve() { for (;;); },
};
`;

async function writePlugins(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await Deno.mkdir(directory);
  for (const [name, source] of Object.entries(files)) await Deno.writeTextFile(join(directory, name), source);
}

function worksOf(web: LittleWeb, scenarios: Readonly<Record<string, number>>): readonly Work[] {
  return Object.entries(scenarios).flatMap(([name, count]) =>
    web.works.filter(({ scenario }) => scenario === name).slice(0, count)
  );
}

Deno.test(`plugins from a directory ${PROGRAM_KIND}`, async (t) => {
  await using web = await startLittleWeb();
  const works = worksOf(web, { "open": 10, "crossref-only": 3, "closed": 3 });

  await t.step("a TypeScript plugin replaces a built-in one, and a JavaScript plugin joins in", async () => {
    await using workspace = await Workspace.open(web);
    const plugins = join(workspace.directory, "plugins");
    const unknown = "10.9999/known.to.the.local.list";
    await writePlugins(plugins, {
      "unpaywall.ts": REPLACED_UNPAYWALL,
      "local_list.js": localResolver({ [unknown]: `${web.origins.press}/good/30000/local.pdf` }),
    });
    await workspace.import(works);
    await workspace.succeed(["queue", "enqueue", unknown]);
    const { code, stderr } = await workspace.run(["queue", "run", "--drain", "--plugins", plugins]);
    equal(code, 0, stderr);

    const records = await workspace.records();
    const local = records.get(`doi:${unknown}`);
    deepEqual([local?.outcome, local?.resolver, local?.bytes], ["done", "local_list", 30_000]);
    const open = works.filter(({ scenario }) => scenario === "open").map((work) =>
      records.get(work.artifactId)
    );
    for (const record of open) {
      deepEqual([record?.resolver, record?.license], ["unpaywall", "of-the-replacement"]);
    }
    const list = await workspace.succeed(["plugins", "list", "--plugins", plugins]);
    match(list, /unpaywall.*9\.9\.9/);
    match(list, /local_list/);
  });

  await t.step("an endless loop and a broken file do not keep the run from its end", async () => {
    await using workspace = await Workspace.open(web);
    const plugins = join(workspace.directory, "plugins");
    await writePlugins(plugins, { "endless.ts": ENDLESS, "broken.ts": "export default {\n  name: !\n};\n" });
    // Of a work without an open copy nobody can say so while one of those who were asked has failed.
    const open = works.filter(({ scenario }) => scenario !== "closed");
    await workspace.import(open);
    const { code, stderr } = await workspace.run(["queue", "run", "--drain", "--plugins", plugins]);
    equal(code, 0, stderr);
    match(stderr, /broken\.ts/);
    match(stderr, /endless/);
    deepEqual(await faultsOf(open, await workspace.records(), workspace.downloads), []);
  });
});
