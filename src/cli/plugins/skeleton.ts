/**
 * The plugin that `plugins new` writes.
 *
 * @module
 */

/** A plugin of this name, which passes `plugins check`. */
export function pluginSkeleton(name: string): string {
  return `/**
 * A resolver: it takes a work and names URLs that may give its full text.
 *
 * It runs without any privilege: no file, no socket, no variable, no import. It has ES2023, URL, URLSearchParams,
 * TextEncoder, TextDecoder, atob, btoa and console, and what comes in by ctx. Limits, retries and redirects are the
 * program's: ask as if you were alone in the world.
 *
 *   contentdownload plugins check ${name}.ts
 *   contentdownload plugins run ${name}.ts 10.1371/journal.pone.0213978
 *   contentdownload queue run --plugins DIRECTORY
 */
export default {
  name: "${name}",
  version: "0.1.0",

  /** Hosts that it asks: "api.example.org", "*.example.org", or "*" for any. */
  hosts: ["api.example.org"],

  /** From 0; lower tiers are asked first, later ones only if no earlier one led to a file. */
  tier: 2,

  /** Kinds of ids that it can start from: doi, arxiv, pmid, pmcid, openalex, url. */
  accepts: ["doi"],

  /** What the provider allows. */
  limits: { concurrency: 1, rates: ["1/s"] },

  /**
   * Set by "resolvers: ${name}: base_url: …" in the configuration, or here by default. A key could be
   *   key: { type: "string", secret: true, env: "${name.toUpperCase()}_KEY" }
   * where env must begin with the plugin's name.
   */
  settings: {
    base_url: { type: "url", default: "https://api.example.org", description: "Origin of the API" },
  },

  async resolve(artifact, ctx) {
    const doi = encodeURIComponent(artifact.ids.doi);
    const answer = await ctx.fetch(\`\${ctx.settings.base_url}/works/\${doi}\`);
    if (answer.status === 404) return { candidates: [], verdict: "not-found" };
    if (answer.status !== 200) throw new Error(\`the API answered \${answer.status}\`);
    const work = answer.json();
    if (!work.pdf_url) return { candidates: [] };
    return {
      candidates: [{
        url: work.pdf_url,
        kind: "pdf", // or "landing" for a page about the work
        version: "published", // or "accepted", "submitted", null for unknown
        license: work.license ?? null,
      }],
    };
  },
};
`;
}
