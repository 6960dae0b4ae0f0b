/**
 * Identifiers of works.
 *
 * @module
 */

/** The kinds of identifiers. */
export const ID_KINDS = ["doi", "arxiv", "pmid", "pmcid", "openalex", "url"] as const;

/** A kind of identifier. */
export type IdKind = typeof ID_KINDS[number];
