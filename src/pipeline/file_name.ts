import { createHash } from "node:crypto";
import { ID_KINDS } from "../model/identifier.ts";

/**
 * Characters kept as they are. Lower case only, so that names stay apart where a file system folds case; ASCII
 * only, so that they stay apart where it normalises (NFC, NFD).
 */
const UNSAFE = /[^a-z0-9._-]+/g;

/** Stems that stand for themselves, by kind. Two that differ at all also differ after case folding. */
const PLAIN = {
  lower: /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?$/,
  pmcid: /^PMC\d+$/,
  openalex: /^W\d+$/,
} as const;

/** The prefixes of real DOIs (DOI Handbook §2.2): digits, parted by dots. */
const PLAIN_DOI_PREFIX = /^10(?:\.\d+)+$/;

/** Names that Windows gives to devices, whatever follows their first dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** Leaves room for the hash, the extension and a temporary suffix within 255 bytes. */
const MAX_STEM_BYTES = 120;
const MAX_PREFIX_BYTES = 40;

/** 64 bits: among ten million names that need a hash a clash has a chance of three in a million. */
const HASH_DIGITS = 16;

/**
 * The path of an artifact's file below the output directory, with `/` between its components:
 * `doi/10.1371/journal.pone.0213978.pdf`, `arxiv/1605.08386.pdf`.
 *
 * The path is safe on every common file system and two ids never share one, not even where case or Unicode
 * normalisation is folded. An id that can't stand for itself has its unsafe characters replaced by `_` and
 * `~` with a hash of the whole id added; `~` occurs in no other name. Only the `/` after a DOI's prefix makes
 * a directory, so no file can be in another one's way.
 *
 * @param artifactId Kind and normalised value, such as `doi:10.1371/journal.pone.0213978`.
 * @param extension Without the dot; lower-case letters and digits.
 * @throws {TypeError} If the id has no known kind or no value, or the extension holds anything else.
 */
export function filePathOf(artifactId: string, extension = "pdf"): string {
  if (!/^[a-z0-9]{1,10}$/.test(extension)) {
    throw new TypeError(`Cannot name a file: extension "${extension}" is not 1 to 10 of a-z and 0-9`);
  }
  const colon = artifactId.indexOf(":");
  const kind = ID_KINDS.find((known) => known === artifactId.slice(0, Math.max(colon, 0)));
  const value = artifactId.slice(colon + 1);
  if (kind === undefined || value === "") {
    throw new TypeError(`Cannot name a file: "${artifactId}" is not an identifier such as "doi:10.1234/abc"`);
  }
  const slash = value.indexOf("/");
  if (kind === "doi" && slash > 0) {
    const prefix = value.slice(0, slash);
    const directory = PLAIN_DOI_PREFIX.test(prefix) && prefix.length <= MAX_PREFIX_BYTES
      ? prefix
      : hashed(prefix, prefix, MAX_PREFIX_BYTES);
    return `doi/${directory}/${stemOf(value.slice(slash + 1), artifactId, PLAIN.lower)}.${extension}`;
  }
  // A DOI without a suffix is none; its hash keeps it apart from the directories beside it.
  if (kind === "doi") return `doi/${hashed(value, artifactId, MAX_STEM_BYTES)}.${extension}`;
  const plain = kind === "pmcid" || kind === "openalex" ? PLAIN[kind] : PLAIN.lower;
  return `${kind}/${stemOf(value, artifactId, plain)}.${extension}`;
}

function stemOf(value: string, artifactId: string, plain: RegExp): string {
  const standsForItself = value.length <= MAX_STEM_BYTES && plain.test(value) && !DEVICE.test(value);
  return standsForItself ? value : hashed(value, artifactId, MAX_STEM_BYTES);
}

/** The readable remains of `value`, with a hash of all of `id`. */
function hashed(value: string, id: string, maxBytes: number): string {
  const readable = value.toLowerCase().replace(UNSAFE, "_").slice(0, maxBytes).replace(/^[.-]+/, "_");
  const harmless = DEVICE.test(readable) ? `_${readable}` : readable;
  return `${harmless}~${hashOf(id)}`;
}

function hashOf(id: string): string {
  // UTF-8 has no lone surrogates and would make one and the same of them all; JSON spells them out.
  const text = id.isWellFormed() ? id : JSON.stringify(id);
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
}
