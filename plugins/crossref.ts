/**
 * Crossref: links that publishers deposited with a DOI.
 *
 * @see https://www.crossref.org/documentation/retrieve-metadata/rest-api/
 */

import type { PluginCandidate, ResolverPlugin } from "../src/plugins/api.ts";

const settings = {
  email: { type: "string", description: "Your address; it opens the polite pool" },
  plus_token: {
    type: "string",
    secret: true,
    env: "CROSSREF_PLUS_TOKEN",
    description: "Token of Metadata Plus, for its pool",
  },
  base_url: { type: "url", default: "https://api.crossref.org", description: "Origin of the API" },
} as const;

interface Link {
  readonly "URL"?: string;
  readonly "content-type"?: string;
  readonly "content-version"?: string;
  readonly "intended-application"?: string;
}

interface License {
  readonly "URL"?: string;
  readonly "content-version"?: string;
  readonly "start"?: { readonly "timestamp"?: number };
}

interface Work {
  readonly link?: readonly Link[];
  readonly license?: readonly License[];
}

const VERSIONS: Readonly<Record<string, PluginCandidate["version"]>> = { vor: "published", am: "accepted" };

/** Hosts whose links answer only to a key of the publisher's own. */
const NEEDS_KEY = /^https?:\/\/api\.(?:elsevier|wiley)\.com\//i;

/** The plugin. */
export default {
  name: "crossref",
  version: "1.0.0",
  hosts: ["api.crossref.org"],
  tier: 2,
  accepts: ["doi"],
  limits: [
    { when: ["plus_token"], rates: ["150/s"] },
    { when: ["email"], concurrency: 3, rates: ["10/s"] },
    { concurrency: 1, rates: ["5/s"] },
  ],
  settings,

  async resolve(artifact, ctx) {
    const doi = artifact.ids.doi ?? "";
    // arXiv registers with DataCite: Crossref would answer 404, which says nothing about the work.
    const arxiv = /^10\.48550\/arxiv\.(.+)$/.exec(doi)?.[1];
    if (arxiv !== undefined) return { candidates: [], ids: { arxiv } };

    const { base_url, email, plus_token } = ctx.settings;
    const url = new URL(`${base_url}/works/${encodeURIComponent(doi)}`);
    if (email) url.searchParams.set("mailto", email);
    const headers = plus_token ? { "crossref-plus-api-token": `Bearer ${plus_token}` } : {};
    const answer = await ctx.fetch(url, { headers });
    // "Resource not found." as plain text. The DOI may be another agency's: then some other resolver knows the work.
    if (answer.status === 404) return { candidates: [], verdict: "not-found" };
    if (answer.status !== 200) {
      throw new Error(`Crossref answered ${answer.status}: ${answer.text().slice(0, 200)}`);
    }
    // The provider's promise; what is used of it is validated by the host.
    const { message: work } = answer.json() as { readonly message: Work };

    // The provider's own clock says which licences have begun.
    const license = licenseOf(work.license ?? [], Date.parse(answer.headers["date"] ?? ""));
    return { candidates: (work.link ?? []).flatMap((link) => candidateOf(link, license)) };
  },
} satisfies ResolverPlugin<typeof settings>;

function candidateOf(link: Link, license: string | null): readonly PluginCandidate[] {
  const url = link.URL;
  if (!url || NEEDS_KEY.test(url)) return [];
  // Deposited for iThenticate alone; others are refused there.
  if (link["intended-application"] === "similarity-checking") return [];
  if (link["content-type"] !== "application/pdf") return [];
  return [{ url, kind: "pdf", version: VERSIONS[link["content-version"] ?? ""] ?? null, license }];
}

/** The licence of the version of record, once it has begun; the one for text mining says nothing about reading. */
function licenseOf(licenses: readonly License[], now: number): string | null {
  const begun = licenses.filter((one) =>
    one["content-version"] === "vor" && !((one.start?.timestamp ?? 0) > now)
  );
  const url = begun.map((one) => one.URL ?? "").find((one) => /creativecommons\.org/i.test(one)) ??
    begun[0]?.URL;
  const creativeCommons = /creativecommons\.org\/(?:licenses\/([a-z-]+)|publicdomain\/(zero))/i.exec(
    url ?? "",
  );
  if (!creativeCommons) return url ?? null;
  return creativeCommons[2] ? "cc0" : `cc-${creativeCommons[1]?.toLowerCase()}`;
}
