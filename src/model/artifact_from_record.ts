/**
 * Works as files, the command line and the queue give them.
 *
 * @module
 */

import type { Artifact } from "./artifact.ts";
import { InputError } from "./errors.ts";
import {
  formatIdentifier,
  ID_KINDS,
  type Identifier,
  type IdKind,
  parseIdentifier,
  parseIdentifierOf,
} from "./identifier.ts";

/** A work to be put into the queue. */
export interface NewArtifact {
  /** Kind and normalised value, such as `doi:10.1371/journal.pone.0213978`. */
  readonly artifactId: string;
  /** What was given beside the identifier; `null` for nothing. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** 0 is most urgent, {@linkcode MAX_PRIORITY} least. */
  readonly priority: number;
}

/** The least urgent priority. */
export const MAX_PRIORITY = 9;

/** The fields that can be the identity of a record, first come first. */
const IDENTITY_FIELDS = ["artifact_id", ...ID_KINDS] as const;

/**
 * Reads a record: an identifier, or an object that holds one.
 *
 * The identity is the first of `artifact_id`, `doi`, `arxiv`, `pmid`, `pmcid`, `openalex` and `url` that is
 * there and neither null nor empty. `priority` (a whole number from 0, the default, to 9) is taken out;
 * everything else is metadata, other identifiers under their names included. All versions of an arXiv paper are
 * one work; the version that was asked for is kept as `arxiv` in the metadata.
 *
 * @param record A parsed line of JSON, or an identifier.
 * @throws {InputError} If there is no identity, or it or the priority cannot be read.
 */
export function artifactFromRecord(record: unknown): NewArtifact {
  if (typeof record === "string") return artifactFromRecord({ artifact_id: record });
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new InputError(`Cannot read record: ${shown(record)} is neither an object nor an identifier`);
  }
  const fields = new Map<string, unknown>(Object.entries(record));
  const { field, identifier } = identityOf(fields);
  const priority = priorityOf(fields.get("priority"));

  fields.delete(field);
  fields.delete("priority");
  let { version } = identifier;
  const repeated = readId(identifier.kind, fields.get(identifier.kind));
  if (sameId(repeated, identifier)) {
    fields.delete(identifier.kind);
    version ??= repeated?.version;
  }
  if (version !== undefined) fields.set("arxiv", `${identifier.value}v${version}`);
  return {
    artifactId: formatIdentifier(identifier),
    metadata: fields.size === 0 ? null : Object.fromEntries(fields),
    priority,
  };
}

/**
 * The artifact of a job: with its identity, every other identifier that its metadata holds under the name of its
 * kind and that can be read. The version of an arXiv paper that was asked for stays in the metadata.
 *
 * @param artifactId As {@linkcode artifactFromRecord} gave it.
 * @throws {InputError} If `artifactId` is no identifier.
 */
export function artifactOf(artifactId: string, metadata: NewArtifact["metadata"]): Artifact {
  const identity = parseIdentifier(artifactId);
  const ids: Partial<Record<IdKind, string>> = {};
  for (const kind of ID_KINDS) {
    const id = identity.kind === kind ? identity : readId(kind, metadata?.[kind]);
    if (id !== undefined) ids[kind] = id.value;
  }
  return metadata === null ? { id: artifactId, ids } : { id: artifactId, ids, metadata };
}

function identityOf(fields: ReadonlyMap<string, unknown>): { field: string; identifier: Identifier } {
  for (const field of IDENTITY_FIELDS) {
    const text = textOf(fields.get(field));
    if (text === undefined) {
      throw new InputError(
        `Cannot read identifier: "${field}" is ${shown(fields.get(field))}, which is not text`,
      );
    }
    if (text === "") continue;
    // A URL may be the address of a DOI or an arXiv paper, and is then that.
    const anyKind = field === "artifact_id" || field === "url";
    return { field, identifier: anyKind ? parseIdentifier(text) : parseIdentifierOf(field, text) };
  }
  throw new InputError(`Cannot read record: it has none of the fields ${IDENTITY_FIELDS.join(", ")}`);
}

/** The text of an identifier's field, empty if it is not given; `undefined` if it cannot be one. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" ? value.trim() : undefined;
}

function readId(kind: IdKind, value: unknown): Identifier | undefined {
  const text = textOf(value);
  if (text === undefined || text === "") return undefined;
  try {
    return parseIdentifierOf(kind, text);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function sameId(a: Identifier | undefined, b: Identifier): boolean {
  return a !== undefined && formatIdentifier(a) === formatIdentifier(b);
}

function priorityOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_PRIORITY) {
    return value;
  }
  throw new InputError(
    `Cannot read record: "priority" is ${
      shown(value)
    }, which is not a whole number from 0 to ${MAX_PRIORITY}`,
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
