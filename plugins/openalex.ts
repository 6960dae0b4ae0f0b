/**
 * OpenAlex: copies of a work, and its ids at PubMed, PMC and arXiv.
 *
 * @see https://docs.openalex.org/api-entities/works
 */

import type { PluginArtifact, PluginCandidate, PluginIds, ResolverPlugin } from "../src/plugins/api.ts";

const settings = {
  api_key: {
    type: "string",
    secret: true,
    env: "OPENALEX_API_KEY",
    description: "Key of an account, for its budget",
  },
  base_url: { type: "url", default: "https://api.openalex.org", description: "Origin of the API" },
} as const;

interface Location {
  readonly is_oa?: boolean | null;
  readonly landing_page_url?: string | null;
  readonly pdf_url?: string | null;
  readonly license?: string | null;
  readonly version?: string | null;
}

interface Work {
  readonly ids?: Readonly<Record<string, string | null>>;
  readonly open_access?: { readonly is_oa?: boolean | null };
  readonly best_oa_location?: Location | null;
  readonly locations?: readonly (Location | null)[] | null;
}

const VERSIONS: Readonly<Record<string, PluginCandidate["version"]>> = {
  publishedVersion: "published",
  acceptedVersion: "accepted",
  submittedVersion: "submitted",
};

/** The plugin. */
export default {
  name: "openalex",
  version: "1.0.0",
  hosts: ["api.openalex.org"],
  tier: 2,
  accepts: ["doi", "pmid", "pmcid", "openalex"],
  limits: { concurrency: 8, rates: ["10/s"] },
  refusals: [{ status: 403 }],
  settings,

  async resolve(artifact, ctx) {
    const url = new URL(`${ctx.settings.base_url}/works/${keyOf(artifact)}`);
    if (ctx.settings.api_key) url.searchParams.set("api_key", ctx.settings.api_key);
    const answer = await ctx.fetch(url);
    const arxiv = /^10\.48550\/arxiv\.(.+)$/.exec(artifact.ids.doi ?? "")?.[1];
    const known = arxiv === undefined ? {} : { arxiv };
    // The body of a 404 is a web page, so the status alone counts.
    if (answer.status === 404) return { candidates: [], ids: known, verdict: "not-found" };
    if (answer.status !== 200) {
      throw new Error(`OpenAlex answered ${answer.status}: ${answer.text().slice(0, 200)}`);
    }
    const work = answer.json() as Work; // the provider's promise; what is used of it is validated by the host

    // `best_oa_location` may lack a PDF that another location has.
    const open = [work.best_oa_location, ...(work.locations ?? [])].flatMap((one) =>
      one?.is_oa === true ? [one] : []
    );
    const candidates = [...open.flatMap(pdfOf), ...open.flatMap(landingOf)];
    const ids = { ...idsOf(work, open), ...known };
    if (candidates.length === 0 && work.open_access?.is_oa === false) {
      return { candidates, ids, verdict: "closed-access" };
    }
    return { candidates, ids };
  },
} satisfies ResolverPlugin<typeof settings>;

/** How the API names a work, as one path segment. */
function keyOf({ ids }: PluginArtifact): string {
  if (ids.openalex) return ids.openalex;
  if (ids.doi) return `doi:${encodeURIComponent(ids.doi)}`;
  return ids.pmid ? `pmid:${ids.pmid}` : `pmcid:${ids.pmcid}`;
}

function pdfOf({ pdf_url: url, version, license }: Location): readonly PluginCandidate[] {
  return url
    ? [{ url, kind: "pdf", version: VERSIONS[version ?? ""] ?? null, license: license ?? null }]
    : [];
}

/** The page of a location without a PDF, unless it is the DOI itself: that one is followed anyway. */
function landingOf(location: Location): readonly PluginCandidate[] {
  const { pdf_url: pdf, landing_page_url: url, version, license } = location;
  if (pdf || !url || /^https?:\/\/(?:dx\.)?doi\.org\//i.test(url)) return [];
  return [{ url, kind: "landing", version: VERSIONS[version ?? ""] ?? null, license: license ?? null }];
}

/** The ids of the record, which come as web addresses, that of PMC without its prefix. */
function idsOf(work: Work, locations: readonly Location[]): PluginIds {
  const given = work.ids ?? {};
  const doi = /^https?:\/\/doi\.org\/(10\.\S+)$/i.exec(given["doi"] ?? "")?.[1]?.toLowerCase();
  const pmid = /(\d{1,9})$/.exec(given["pmid"] ?? "")?.[1];
  const pmc = /(\d{1,9})$/.exec(given["pmcid"] ?? "")?.[1];
  const openalex = /W\d+$/i.exec(given["openalex"] ?? "")?.[0];
  const addresses = locations.flatMap((one) => [one.landing_page_url, one.pdf_url]).join("\n");
  const arxiv = /arxiv\.org\/(?:abs|pdf)\/(\d{4}\.\d{4,5}|[a-z-]+\/\d{7})/i.exec(addresses)?.[1];
  return {
    ...(doi ? { doi } : {}),
    ...(pmid ? { pmid } : {}),
    ...(pmc ? { pmcid: `PMC${pmc}` } : {}),
    ...(openalex ? { openalex } : {}),
    ...(arxiv ? { arxiv } : {}),
  };
}
