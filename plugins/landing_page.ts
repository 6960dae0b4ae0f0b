/**
 * Landing pages: the PDF that a page about a work names for search engines.
 *
 * @see https://scholar.google.com/intl/en/scholar/inclusion.html#indexing
 */

import type {
  HtmlSummary,
  PluginArtifact,
  PluginCandidate,
  PluginIds,
  PluginResponse,
  ResolverContext,
  ResolverPlugin,
} from "../src/plugins/api.ts";

const settings = {
  base_url: { type: "url", default: "https://doi.org", description: "Origin that DOIs are resolved at" },
} as const;

/** Names of `<meta>` that give a PDF, most reliable first. */
const PDF_NAMES = [
  "citation_pdf_url",
  "bepress_citation_pdf_url",
  "eprints.document_url",
  "wkhealth_pdf_url",
];
/** Pages that send a browser on do so once or twice; more is a loop, such as those that insist on cookies. */
const MAX_REFRESHES = 3;

/** The plugin. */
export default {
  name: "landing_page",
  version: "1.0.0",
  hosts: ["*"],
  tier: 3,
  accepts: ["url", "doi"],
  settings,

  async resolve(artifact, ctx) {
    const doiOrigin = ctx.settings.base_url;
    const { answer, page, base } = await visit(startOf(artifact, doiOrigin), ctx);
    if (answer.status === 404 && answer.url.startsWith(`${doiOrigin}/`)) {
      return { candidates: [], verdict: "not-found" };
    }
    const isAnswer = answer.status === 200 && (namesWork(page) || pdfUrlsOf(page, base).length > 0);
    if (answer.wall && !isAnswer) {
      return { candidates: [], verdict: answer.wall, page: answer };
    }
    if (answer.status >= 500) {
      throw new Error(`The page at ${new URL(answer.url).host} answered ${answer.status}`);
    }
    // Other errors will be the same tomorrow: the page is gone, or not for us.
    if (answer.status !== 200) return { candidates: [] };
    if (isPdf(answer)) return { candidates: [{ url: answer.url, kind: "pdf" }] };

    const license = licenseOf(page);
    const candidates = pdfUrlsOf(page, base).map((url): PluginCandidate => ({ url, kind: "pdf", license }));
    return { candidates, ids: idsOf(page, artifact) };
  },
} satisfies ResolverPlugin<typeof settings>;

interface Visit {
  readonly answer: PluginResponse;
  readonly page: HtmlSummary;
  /** What relative URLs of the page are relative to. */
  readonly base: string;
}

/** Fetches a page, and the one that it refreshes to while it names no PDF. */
async function visit(start: string, ctx: ResolverContext<typeof settings>): Promise<Visit> {
  const seen = new Set<string>();
  let url = start;
  for (;;) {
    seen.add(url);
    const answer = await ctx.fetch(url);
    const page = isPdf(answer) ? { meta: [], links: [] } : ctx.html(answer);
    const base = URL.parse(page.base ?? "", answer.url)?.href ?? answer.url;
    const next = refreshOf(page, base);
    if (!next || seen.has(next) || seen.size > MAX_REFRESHES || pdfUrlsOf(page, base).length > 0) {
      return { answer, page, base };
    }
    url = next;
  }
}

function startOf({ ids }: PluginArtifact, doiOrigin: string): string {
  if (ids.url) return ids.url;
  const segments = (ids.doi ?? "").split("/");
  // A URL would swallow these two however they are escaped, and lead elsewhere.
  const separator = segments.some((one) => one === "." || one === "..") ? "%2F" : "/";
  return `${doiOrigin}/${segments.map(encodeURIComponent).join(separator)}`;
}

function isPdf(answer: PluginResponse): boolean {
  return /^application\/(?:x-)?pdf\b/i.test(answer.headers["content-type"] ?? "");
}

function pdfUrlsOf(page: HtmlSummary, base: string): readonly string[] {
  const named = PDF_NAMES.flatMap((name) => metaOf(page, name));
  const linked = page.links.filter((link) =>
    /\balternate\b/i.test(link["rel"] ?? "") && /^application\/pdf\b/i.test(link["type"]?.trim() ?? "")
  ).map((link) => link["href"] ?? "");
  return [...named, ...linked].flatMap((text) => {
    const url = text.trim() === "" ? null : URL.parse(text.trim(), base);
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return [];
    url.hash = "";
    return [url.href];
  }).slice(0, 5);
}

/** Whether a page is about a work: many such have a field to log in with as well. */
function namesWork(page: HtmlSummary): boolean {
  return page.meta.some((meta) =>
    /^\s*(?:(?:bepress_)?citation_|eprints\.|prism\.|dc\.|dcterms\.|wkhealth_)/i.test(
      meta["name"] ?? meta["property"] ?? "",
    )
  );
}

/** The values of a `<meta>` by its name, whatever attribute and case it is written in. */
function metaOf(page: HtmlSummary, name: string): readonly string[] {
  return page.meta.filter((meta) => (meta["name"] ?? meta["property"] ?? "").trim().toLowerCase() === name)
    .flatMap((meta) => meta["content"] ?? []);
}

/** Where `<meta http-equiv="refresh">` leads, if it leads away. */
function refreshOf(page: HtmlSummary, base: string): string | undefined {
  const refresh = page.meta.find((meta) => meta["http-equiv"]?.toLowerCase() === "refresh")?.["content"];
  const target = /^\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(refresh ?? "")?.[1];
  const url = target ? URL.parse(target.trim(), base) : null;
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

function licenseOf(page: HtmlSummary): string | null {
  const linked = page.links.filter((link) => /\blicense\b/i.test(link["rel"] ?? "")).map((link) =>
    link["href"]
  );
  const stated = ["dc.rights", "dcterms.license", "dcterms.rights", "citation_license"].flatMap((name) =>
    metaOf(page, name)
  );
  const text = [...linked, ...stated].join("\n");
  const [, license, zero] =
    /creativecommons\.org\/(?:licenses\/([a-z-]+)|publicdomain\/(zero))/i.exec(text) ?? [];
  return zero ? "cc0" : license ? `cc-${license.toLowerCase()}` : null;
}

/** Ids that the page states and that are not known yet. */
function idsOf(page: HtmlSummary, { ids }: PluginArtifact): PluginIds {
  const doi =
    metaOf(page, "citation_doi").map((text) => /10\.\d+\/\S+$/.exec(text.trim())?.[0].toLowerCase())[0];
  const arxiv = metaOf(page, "citation_arxiv_id").find((text) =>
    /^\d{4}\.\d{4,5}$|^[a-z-]+\/\d{7}$/.test(text)
  );
  const pmid = metaOf(page, "citation_pmid").find((text) => /^[1-9]\d{0,8}$/.test(text));
  return {
    ...(doi && !ids.doi ? { doi } : {}),
    ...(arxiv && !ids.arxiv ? { arxiv } : {}),
    ...(pmid && !ids.pmid ? { pmid } : {}),
  };
}
