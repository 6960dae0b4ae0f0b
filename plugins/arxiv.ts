/**
 * arXiv: preprints by their arXiv id.
 *
 * @see https://info.arxiv.org/help/api/user-manual.html
 */

import type { PluginIds, ResolverPlugin, XmlElement } from "../src/plugins/api.ts";

const settings = {
  base_url: { type: "url", default: "https://export.arxiv.org", description: "Origin of the API" },
  pdf_base_url: { type: "url", default: "https://arxiv.org", description: "Origin of the files" },
} as const;

/** The plugin. */
export default {
  name: "arxiv",
  version: "1.0.0",
  hosts: ["export.arxiv.org", "arxiv.org"],
  tier: 1,
  accepts: ["arxiv"],
  // One connection and one request in three seconds, over all that arXiv serves (info.arxiv.org/help/api/tou.html).
  limits: { concurrency: 1, rates: ["1/3s"] },
  sharedHosts: ["export.arxiv.org", "arxiv.org"],
  settings,

  async resolve(artifact, ctx) {
    const id = artifact.ids.arxiv ?? "";
    const url = new URL(`${ctx.settings.base_url}/api/query`);
    url.searchParams.set("id_list", wantedVersion(id, artifact.metadata));
    url.searchParams.set("max_results", "1");
    const answer = await ctx.fetch(url);
    // 400 is what a malformed id gets; a well-formed one that is unknown gets a feed without entries.
    if (answer.status === 400) return { candidates: [], verdict: "not-found" };
    if (answer.status !== 200) {
      throw new Error(`arXiv answered ${answer.status}: ${answer.text().slice(0, 200)}`);
    }

    const entry = child(ctx.xml(answer), "entry");
    if (!entry || !textOf(entry, "id").includes(id)) return { candidates: [], verdict: "not-found" };
    const link = entry.children.find((one) => one.name === "link" && one.attributes["title"] === "pdf");
    const href = link?.attributes["href"];
    // A withdrawn paper has an entry, but no file.
    if (!href) return { candidates: [], ids: idsOf(entry) };
    return {
      candidates: [{ url: fileUrl(href, ctx.settings.pdf_base_url), kind: "pdf", version: "submitted" }],
      ids: idsOf(entry),
    };
  },
} satisfies ResolverPlugin<typeof settings>;

/** The file's URL: what the feed names, with arXiv's own hosts replaced by the origin that is configured. */
function fileUrl(href: string, origin: string): string {
  const url = new URL(href, origin);
  return /^(?:[a-z]+\.)?arxiv\.org$/.test(url.hostname) ? origin + url.pathname : url.href;
}

/** The id with the version that was asked for; an id without one stands for the latest. */
function wantedVersion(id: string, metadata: Readonly<Record<string, unknown>> = {}): string {
  // The operator's own words, which may name the subject class of an old id: math.GT/0309136v2.
  const asked = String(metadata["arxiv"] ?? "").replace(/\.[A-Z]{2}\//i, "/");
  const [version = ""] = /^v\d+/.exec(asked.split(id)[1] ?? "") ?? [];
  return id + version;
}

/** The DOI of the published version, where the authors stated one. */
function idsOf(entry: XmlElement): PluginIds {
  const doi = textOf(entry, "arxiv:doi").toLowerCase();
  return /^10\.\d+\/\S+$/.test(doi) ? { doi } : {};
}

function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((one) => one.name === name);
}

function textOf(element: XmlElement, name: string): string {
  return child(element, name)?.text ?? "";
}
