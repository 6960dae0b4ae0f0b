/**
 * Which candidate is tried first.
 *
 * @module
 */

import type { Candidate, Version } from "../model/artifact.ts";

const VERSION_RANK: Readonly<Record<Version, number>> = { published: 0, accepted: 1, submitted: 2 };

/** A version that nobody stated ranks behind all that were. */
const UNKNOWN_VERSION = 3;

/** Orders candidates: published before accepted before submitted, a PDF before a page. Stable. */
export function byRank(a: Candidate, b: Candidate): number {
  const versions = rankOf(a.version) - rankOf(b.version);
  if (versions !== 0) return versions;
  return Number(a.kind === "landing") - Number(b.kind === "landing");
}

/** Adds candidates that are not known yet, by URL, and keeps the order. */
export function withCandidates(
  known: readonly Candidate[],
  added: readonly Candidate[],
  tried: ReadonlySet<string>,
): Candidate[] {
  const urls = new Set(known.map(({ url }) => url));
  const all = [...known];
  for (const candidate of added) {
    if (urls.has(candidate.url) || tried.has(candidate.url)) continue;
    urls.add(candidate.url);
    all.push(candidate);
  }
  return all.sort(byRank);
}

function rankOf(version: Version | null): number {
  return version === null ? UNKNOWN_VERSION : VERSION_RANK[version];
}
