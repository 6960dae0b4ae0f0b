/**
 * Unpaywall: open copies of works with a DOI.
 *
 * @see https://unpaywall.org/products/api
 */

import type { PluginCandidate, ResolverPlugin } from "../src/plugins/api.ts";

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

export default {
  name: "unpaywall",
  version: "1.0.0",
  hosts: ["api.unpaywall.org"],
  tier: 1,
  accepts: ["doi"],
  limits: { concurrency: 4, rates: ["10/s"], dailyBudget: 100_000 },
  // The server answers 422 to a missing address and to too many requests alike; only the text tells them apart.
  refusals: [
    { status: 422, bodyIncludes: "too many" },
    { status: 422, bodyIncludes: "requests per second" },
    { status: 422, bodyIncludes: "rate limit" },
  ],
  settings,

  async resolve(artifact, ctx) {
    const doi = artifact.ids.doi ?? "";
    const url = new URL(`${ctx.settings.base_url}/v2/${pathOf(doi)}`);
    url.searchParams.set("email", ctx.settings.email);
    const answer = await ctx.fetch(url);
    // The body of a 404 is a web page, so the status alone counts.
    if (answer.status === 404) return { candidates: [], verdict: "not-found" };
    if (answer.status !== 200) {
      throw new Error(`Unpaywall answered ${answer.status}: ${messageOf(answer.text())}`);
    }
    const work = answer.json() as Work; // the provider's promise; what is used of it is validated by the host

    const candidates = [work.best_oa_location, ...(work.oa_locations ?? [])].flatMap(candidatesOf);
    if (candidates.length === 0 && work.is_oa === false) return { candidates, verdict: "closed-access" };
    // A landing page is worth a visit only after every PDF.
    return { candidates: [...candidates.filter(isPdf), ...candidates.filter((one) => !isPdf(one))] };
  },
} satisfies ResolverPlugin<typeof settings>;

function candidatesOf(location: Location | null | undefined): PluginCandidate[] {
  if (!location) return [];
  const about = { version: VERSIONS[location.version ?? ""] ?? null, license: location.license ?? null };
  if (location.url_for_pdf) return [{ url: location.url_for_pdf, kind: "pdf", ...about }];
  if (location.url_for_landing_page) {
    return [{ url: location.url_for_landing_page, kind: "landing", ...about }];
  }
  return [];
}

function isPdf(candidate: PluginCandidate): boolean {
  return candidate.kind === "pdf";
}

/** A DOI as path segments: its slashes stay, all else that means something in a URL is escaped. */
function pathOf(doi: string): string {
  return doi.split("/").map(encodeURIComponent).join("/");
}

/** The provider's own words, `message` of a JSON body, or how a body of another kind begins. */
function messageOf(body: string): string {
  try {
    return String(JSON.parse(body).message);
  } catch {
    return body.slice(0, 200);
  }
}
