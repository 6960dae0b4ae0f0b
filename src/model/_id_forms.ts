/** An identifier's normal form, before its kind is put to it. */
export interface IdForm {
  /** As in `Identifier`. */
  readonly value: string;
  /** As in `Identifier`. */
  readonly version?: number;
}

/**
 * The archives that arXiv had before April 2007, when an id was an archive and seven digits. Naming them keeps
 * `smith/2003001` from being taken for a paper.
 */
const ARXIV_ARCHIVES =
  "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|" +
  "comp-gas|cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|" +
  "nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con";

const YEAR_MONTH = String.raw`\d\d(?:0[1-9]|1[0-2])`;
const ARXIV_NEW = new RegExp(String.raw`^(${YEAR_MONTH}\.\d{4,5})(?:v(\d{1,4}))?$`, "i");
// The subject class (math.GT) may be left out, and both spellings are one paper.
const ARXIV_OLD = new RegExp(
  String.raw`^(${ARXIV_ARCHIVES})(?:\.[a-z-]+)?/(${YEAR_MONTH}\d{3})(?:v(\d{1,4}))?$`,
  "i",
);

/**
 * A DOI: `10.`, a registrant of digits with optional subdivisions, a slash, and a suffix of any printable
 * characters without a limit of length (ISO 26324; DOI Handbook, 2.2). It is the same in upper and lower case of
 * the ASCII letters, and of these only.
 */
export function readDoi(text: string): IdForm | undefined {
  if (!/^10\.\d+(?:\.\d+)*\/./u.test(text) || /[\s\p{Cc}\p{Cf}\p{Cs}]/u.test(text)) return undefined;
  return { value: text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) };
}

/** `2101.00001`, `0704.0001v2`, `hep-th/9901001`, `math.GT/0309136v1`. */
export function readArxiv(text: string): IdForm | undefined {
  const [, number, version] = ARXIV_NEW.exec(text) ?? [];
  if (number !== undefined) return arxivForm(number, version);
  const [, archive, serial, oldVersion] = ARXIV_OLD.exec(text) ?? [];
  return archive === undefined ? undefined : arxivForm(`${archive.toLowerCase()}/${serial}`, oldVersion);
}

function arxivForm(value: string, version: string | undefined): IdForm {
  return Number(version ?? 0) === 0 ? { value } : { value, version: Number(version) };
}

/** A number of PubMed. */
export function readPmid(text: string): IdForm | undefined {
  const [, number] = /^0*([1-9]\d{0,9})$/.exec(text) ?? [];
  return number === undefined ? undefined : { value: number };
}

/** A number of PubMed Central, `PMC` before it or not; a version (`PMC123.2`) is no part of the identity. */
export function readPmcid(text: string): IdForm | undefined {
  const [, number] = /^(?:PMC)?0*([1-9]\d{0,9})(?:\.\d+)?$/i.exec(text) ?? [];
  return number === undefined ? undefined : { value: `PMC${number}` };
}

/** A work of OpenAlex. */
export function readOpenAlex(text: string): IdForm | undefined {
  return /^W[1-9]\d{0,15}$/i.test(text) ? { value: text.toUpperCase() } : undefined;
}

/**
 * An http or https URL as the URL standard serialises it. The fragment, which never leaves a client, goes; a
 * user name or password is refused, for an artifact's id is printed everywhere.
 */
export function readUrl(text: string): IdForm | undefined {
  // The URL parser drops tabs and line breaks: two addresses of one field would become one.
  if (!/^https?:\/\//i.test(text) || /[\s\p{Cc}]/u.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  url.hash = "";
  return { value: url.href };
}

/**
 * The DOI in what follows `doi.org/`. Its unsafe characters should be percent-encoded, but OpenAlex and others
 * append the DOI as it is, and `#` may end one of the older DOIs (`…3.0.CO;2-#`): so only a query of the form
 * `?name=value` and a fragment that is a word are taken for parts of the address.
 */
export function doiFromAddress(rest: string): string {
  return rest.replace(/#[a-z][\w-]*$/i, "").replace(/\?[a-z_]+=[^?#]*$/i, "")
    .replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
      try {
        return decodeURIComponent(escapes);
      } catch {
        return escapes;
      }
    });
}

/** The identifier in what follows the address of arXiv, PubMed, PMC or OpenAlex. */
export function idFromAddress(rest: string): string {
  return rest.replace(/[?#].*$/s, "").replace(/\/$/, "").replace(/\.pdf$/i, "");
}
