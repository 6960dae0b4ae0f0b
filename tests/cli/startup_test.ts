import { deepEqual } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).href;

/** What `deno info --json` says of a module's imports. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
}

/** What is loaded before the first argument is looked at, without packages. */
async function loadedAtOnce(): Promise<ReadonlySet<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: new URL(ROOT),
  }).output();
  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set([`${ROOT}main.ts`]);
  for (const specifier of loaded) {
    for (const { isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier?.startsWith(ROOT)) loaded.add(code.specifier);
    }
  }
  return loaded;
}

Deno.test("--help loads the command line, and no room that does the work", async () => {
  const loaded = [...await loadedAtOnce()].map((specifier) => specifier.slice(ROOT.length));
  const rooms = new Set(loaded.flatMap((path) => /^src\/([a-z]+)\//.exec(path)?.[1] ?? []));
  deepEqual([...rooms].sort(), ["cli", "model", "runtime"]);
});
