/**
 * Identifiers of works: what people write, and the one form that stands for it everywhere.
 *
 * @module
 */

import { InputError } from "./errors.ts";
import {
  doiFromAddress,
  type IdForm,
  idFromAddress,
  readArxiv,
  readDoi,
  readOpenAlex,
  readPmcid,
  readPmid,
  readUrl,
} from "./_id_forms.ts";

/** The kinds of identifiers. */
export const ID_KINDS = ["doi", "arxiv", "pmid", "pmcid", "openalex", "url"] as const;

/** A kind of identifier. */
export type IdKind = typeof ID_KINDS[number];

/** One identifier of a work, normalised. */
export interface Identifier {
  /** What kind it is of. */
  readonly kind: IdKind;
  /**
   * Without a prefix: `doi` from `10.` on with its ASCII letters in lower case, `arxiv` without version or subject
   * class (`2101.00001`, `math/0309136`), `pmid` as digits, `pmcid` such as `PMC4234579`, `openalex` such as
   * `W2109415576`, `url` as the URL standard serialises it, without fragment.
   */
  readonly value: string;
  /** The version of an arXiv paper that was asked for. It is no part of the identity: all versions are one work. */
  readonly version?: number;
}

const READERS: Readonly<Record<IdKind, (text: string) => IdForm | undefined>> = {
  doi: readDoi,
  arxiv: readArxiv,
  pmid: readPmid,
  pmcid: readPmcid,
  openalex: readOpenAlex,
  url: readUrl,
};

/** What each kind is called in an error. */
const KIND_NAMES: Readonly<Record<IdKind, string>> = {
  doi: "a DOI",
  arxiv: "an arXiv id",
  pmid: "a PMID",
  pmcid: "a PMCID",
  openalex: "an OpenAlex id",
  url: "an http or https URL without credentials",
};

const PREFIX = /^(?:info:(?=doi\/))?(doi|arxiv|pmid|pmcid|pmc|openalex|url)(?:\s*:\s*|\s+|(?<=^info:doi)\/)/i;

/** Addresses, without scheme, after which an identifier follows. */
const ADDRESSES: readonly (readonly [RegExp, IdKind])[] = [
  [/^(?:dx\.|www\.)?doi\.org\/(?:doi:)?(?=10\.|10%2e)/i, "doi"],
  [/^(?:www\.|export\.)?arxiv\.org\/(?:abs|pdf|html)\//i, "arxiv"],
  [/^pubmed\.ncbi\.nlm\.nih\.gov\//i, "pmid"],
  [/^(?:www\.)?ncbi\.nlm\.nih\.gov\/pubmed\//i, "pmid"],
  [/^(?:www\.)?ncbi\.nlm\.nih\.gov\/pmc\/articles\/(?=pmc)/i, "pmcid"],
  [/^pmc\.ncbi\.nlm\.nih\.gov\/articles\/(?=pmc)/i, "pmcid"],
  [/^(?:www\.)?openalex\.org\/(?:works\/)?/i, "openalex"],
  [/^api\.openalex\.org\/works\//i, "openalex"],
];

/** What is recognised without prefix or address; a bare number could be anything. */
const BARE: readonly (readonly [RegExp, IdKind])[] = [
  [/^10\./, "doi"],
  [/^pmc/i, "pmcid"],
  [/^w/i, "openalex"],
  [/^https?:/i, "url"],
  [/^/, "arxiv"],
];

/**
 * Reads an identifier as people and files write it: `doi:10.1000/182`, `10.1000/182`, `DOI: 10.1000/182`,
 * `https://doi.org/10.1000/182`, `arXiv:2101.00001v2`, `hep-th/9901001`, `https://arxiv.org/pdf/2101.00001`,
 * `pmid:123`, `PMC123`, `openalex:W123`, `https://example.org/paper.pdf`.
 *
 * The web address of a DOI, an arXiv paper, a PubMed or PMC article or an OpenAlex work stands for that work;
 * with `url:` before it, it stands for itself. Reading what {@linkcode formatIdentifier} writes gives the same
 * kind and value.
 *
 * @throws {InputError} If `text` is none of these.
 */
export function parseIdentifier(text: string): Identifier {
  return readAny(text.trim()) ??
    refuse(text, "an identifier that is known: DOI, arXiv id, PMID, PMCID, OpenAlex id or URL");
}

/**
 * Reads an identifier whose kind is known: with its prefix, as its web address, or bare, so that digits are a
 * PMID. A URL is taken as it stands, whatever it is the address of.
 *
 * @throws {InputError} If `text` is no identifier of that kind.
 */
export function parseIdentifierOf(kind: IdKind, text: string): Identifier {
  const trimmed = text.trim();
  const found = readAs(kind, trimmed) ?? readAny(trimmed);
  return found?.kind === kind ? found : refuse(text, KIND_NAMES[kind]);
}

/** Writes an identifier as an artifact id: its kind, a colon and its value. */
export function formatIdentifier(identifier: Identifier): string {
  return `${identifier.kind}:${identifier.value}`;
}

/**
 * The artifact id that `text` stands for, such as `doi:10.1371/journal.pone.0213978`.
 *
 * @throws {InputError} If `text` is no identifier.
 */
export function artifactIdOf(text: string): string {
  return formatIdentifier(parseIdentifier(text));
}

function readAny(text: string): Identifier | undefined {
  const [prefix, name] = PREFIX.exec(text) ?? [];
  if (prefix !== undefined && name !== undefined) {
    return readAs(kindOfPrefix(name), text.slice(prefix.length));
  }

  const addressed = readAddress(text);
  if (addressed !== undefined) return addressed;
  for (const [start, kind] of BARE) {
    const form = start.test(text) ? READERS[kind](text) : undefined;
    if (form !== undefined) return { kind, ...form };
  }
  return undefined;
}

function kindOfPrefix(name: string): IdKind {
  const lower = name.toLowerCase();
  return lower === "pmc" ? "pmcid" : ID_KINDS.find((kind) => kind === lower) ?? "url";
}

function readAs(kind: IdKind, text: string): Identifier | undefined {
  const form = READERS[kind](text);
  if (form !== undefined) return { kind, ...form };
  const addressed = readAddress(text);
  return addressed?.kind === kind ? addressed : undefined;
}

function readAddress(text: string): Identifier | undefined {
  const address = text.replace(/^https?:\/\//i, "");
  for (const [pattern, kind] of ADDRESSES) {
    if (!pattern.test(address)) continue;
    const rest = address.replace(pattern, "");
    const form = READERS[kind](kind === "doi" ? doiFromAddress(rest) : idFromAddress(rest));
    if (form !== undefined) return { kind, ...form };
  }
  return undefined;
}

function refuse(text: string, expected: string): never {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  throw new InputError(`Cannot read identifier: ${JSON.stringify(shown)} is not ${expected}`);
}
