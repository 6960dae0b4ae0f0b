/** Prints what was loaded of a few keys, or why nothing was. Started by the test of loading. */
import { loadConfig } from "../../src/config/mod.ts";
import { InputError } from "../../src/model/errors.ts";

try {
  const { config, sources } = await loadConfig({ version: "1" });
  const tier = config.resolvers["crossref"]?.tier ?? null;
  console.log(JSON.stringify([sources.file, config.orchestrator.max_workers, config.storage.out, tier]));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.log(JSON.stringify(error.message));
}
