/**
 * Unpaywall: open copies of works with a DOI.
 *
 * @see https://unpaywall.org/products/api
 */

import type { PluginCandidate, PluginIds, ResolverPlugin } from "../src/plugins/api.ts";

const settings = {
  email: {
    type: "string",
    required: true,
    env: "UNPAYWALL_EMAIL",
    description: "Your address; Unpaywall asks for one and refuses placeholders",
  },
  base_url: { type: "url", default: "https://api.unpaywall.org", description: "Origin of the API" },
} as const;

interface Location {
  readonly url_for_pdf?: string | null;
  readonly url_for_landing_page?: string | null;
  readonly license?: string | null;
  readonly version?: string | null;
  readonly pmh_id?: string | null;
}

interface Work {
  readonly is_oa?: boolean;
  readonly best_oa_location?: Location | null;
  readonly oa_locations?: readonly (Location | null)[] | null;
}

const VERSIONS: Readonly<Record<string, PluginCandidate["version"]>> = {
  publishedVersion: "published",
  acceptedVersion: "accepted",
  submittedVersion: "submitted",
};

/** The plugin. */
export default {
  name: "unpaywall",
  version: "1.0.0",
  hosts: ["api.unpaywall.org"],
  tier: 1,
  accepts: ["doi"],
  limits: { concurrency: 8, rates: ["10/s"], dailyBudget: 100_000 },
  // The server answers 422 to a missing address and to too many requests alike; only the text tells them apart.
  refusals: [
    { status: 422, bodyIncludes: "too many" },
    { status: 422, bodyIncludes: "per second" },
    { status: 422, bodyIncludes: "rate limit" },
  ],
  settings,

  async resolve(artifact, ctx) {
    const doi = artifact.ids.doi ?? "";
    const arxiv = /^10\.48550\/arxiv\.(.+)$/.exec(doi)?.[1];
    // The DOI of an arXiv paper is its arXiv id: arXiv itself is the one to be asked.
    if (arxiv !== undefined) return { candidates: [], ids: { arxiv } };

    const url = new URL(`${ctx.settings.base_url}/v2/${pathOf(doi)}`);
    url.searchParams.set("email", ctx.settings.email);
    const answer = await ctx.fetch(url);
    // The body of a 404 is a web page, so the status alone counts.
    if (answer.status === 404) return { candidates: [], verdict: "not-found" };
    if (answer.status !== 200) {
      throw new Error(`Unpaywall answered ${answer.status}: ${messageOf(answer.text())}`);
    }
    const work = answer.json() as Work; // the provider's promise; what is used of it is validated by the host

    const locations = [work.best_oa_location, ...(work.oa_locations ?? [])].filter((one) => !!one);
    const candidates = [...locations.flatMap(pdfOf), ...locations.flatMap(landingOf)];
    const ids = idsOf(locations);
    if (candidates.length === 0 && work.is_oa === false) return { candidates, ids, verdict: "closed-access" };
    return { candidates, ids };
  },
} satisfies ResolverPlugin<typeof settings>;

function pdfOf({ url_for_pdf: url, version, license }: Location): readonly PluginCandidate[] {
  return url
    ? [{ url, kind: "pdf", version: VERSIONS[version ?? ""] ?? null, license: license ?? null }]
    : [];
}

/** The page of a location without a PDF, unless it is the DOI itself: that one is followed anyway. */
function landingOf(location: Location): readonly PluginCandidate[] {
  const { url_for_pdf: pdf, url_for_landing_page: url, version, license } = location;
  if (pdf || !url || /^https?:\/\/(?:dx\.)?doi\.org\//i.test(url)) return [];
  return [{ url, kind: "landing", version: VERSIONS[version ?? ""] ?? null, license: license ?? null }];
}

/** Ids that show in the addresses of copies; those of PMC come with and without their prefix. */
function idsOf(locations: readonly Location[]): PluginIds {
  const texts = locations.flatMap((one) => [one.url_for_pdf, one.url_for_landing_page, one.pmh_id]).join(
    "\n",
  );
  const pmc = /(?:\/(?:pmc\/)?articles\/(?:pmc)?|pubmedcentral\.nih\.gov:)(\d{4,9})\b/i.exec(texts)?.[1];
  const arxiv = /arxiv\.org[/:](?:abs\/|pdf\/)?(\d{4}\.\d{4,5}|[a-z-]+\/\d{7})/i.exec(texts)?.[1];
  return { ...(pmc ? { pmcid: `PMC${pmc}` } : {}), ...(arxiv ? { arxiv } : {}) };
}

/**
 * A DOI as path segments: its slashes stay, all else that means something in a URL is escaped. Where a segment is `.` or
 * `..`, which a URL would swallow however it is escaped, the slashes are escaped as well.
 */
function pathOf(doi: string): string {
  const segments = doi.split("/");
  return segments.map(encodeURIComponent).join(segments.some((one) => /^\.\.?$/.test(one)) ? "%2F" : "/");
}

/** The provider's own words: `message` of a JSON body, or how a body of another kind begins. */
function messageOf(body: string): string {
  try {
    return String(JSON.parse(body).message);
  } catch {
    return body.slice(0, 200);
  }
}
