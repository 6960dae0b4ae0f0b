/** What has to be known of bytes that are kept, to ask for the rest of them. */
export interface ResumePoint {
  /** URL after redirects: a validator speaks of one resource only (RFC 9110 §8.8.1). */
  readonly url: string;
  /** A strong entity tag, quotes included, or a strong HTTP-date, as {@linkcode strongValidatorOf} gives it. */
  readonly validator: string;
  /** Length of the whole; `null` where the server did not say. */
  readonly totalBytes: number | null;
  /** Bytes held and durable. */
  readonly bytes: number;
}

/** Whether the answer continues the bytes held. */
export type RangeCheck =
  | {
    readonly ok: true;
    /** Length of the whole; `null` where neither side knows it. */
    readonly totalBytes: number | null;
  }
  | { readonly ok: false; readonly detail: string };

/** An opaque tag that is not weak (RFC 9110 §8.8.3). */
const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/** RFC 9110 §8.8.2.2 asks for a second; clocks of a server's back ends differ by more. */
const STRONG_DATE_GAP_MS = 60_000;

/**
 * The validator of an answer that can prove, on the next attempt, that the resource is still the same bytes; `null`
 * if there is none. A date counts only without a tag (RFC 9110 §13.1.5) and if the answer is at least a minute
 * younger (§8.8.2.2). A weak tag never counts.
 */
export function strongValidatorOf(headers: Headers): string | null {
  const etag = headers.get("etag")?.trim();
  if (etag !== undefined) return STRONG_ETAG.test(etag) ? etag : null;
  const modified = headers.get("last-modified")?.trim() ?? "";
  const gapMs = fixdateMs(headers.get("date")?.trim() ?? "") - fixdateMs(modified);
  return gapMs >= STRONG_DATE_GAP_MS ? modified : null;
}

/**
 * Request headers that ask for the rest of `part`, or for all of it if it has changed (RFC 9110 §13.1.5, §14.2).
 * Ranges count encoded bytes (§14), hence the identity encoding.
 */
export function resumeHeaders(part: ResumePoint): Readonly<Record<string, string>> {
  return { "range": `bytes=${part.bytes}-`, "if-range": part.validator, "accept-encoding": "identity" };
}

/**
 * Whether a 206's `Content-Range` is exactly the rest of `part`: begins where it ends, ends where the whole ends. Any
 * other range, valid or not, must not be joined to it (RFC 9110 §14.4, §15.3.7).
 *
 * @param header The field's value; `null` if it is absent.
 */
export function checkContentRange(header: string | null, part: ResumePoint): RangeCheck {
  // Range units are case-insensitive (RFC 9110 §14.1). 15 digits stay exact in a number.
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? "");
  if (!match) return refused(`Content-Range "${header ?? ""}" is not a range of bytes`);
  const [first, last] = [Number(match[1]), Number(match[2])];
  const stated = match[3] === "*" ? null : Number(match[3]);
  if (first !== part.bytes) return refused(`Content-Range "${header}" does not begin at byte ${part.bytes}`);
  if (stated !== null && part.totalBytes !== null && stated !== part.totalBytes) {
    return refused(`Content-Range "${header}" is of another length than ${part.totalBytes}`);
  }
  const totalBytes = stated ?? part.totalBytes;
  if (last < first || (totalBytes !== null && last !== totalBytes - 1)) {
    return refused(`Content-Range "${header}" does not reach the end`);
  }
  return { ok: true, totalBytes };
}

/**
 * Whether a 206 as a whole continues `part`: its range, no multipart body (RFC 9110 §15.3.7.2), no content coding, and
 * the same strong validator wherever it states one (§15.3.7.3).
 */
export function checkPartialResponse(headers: Headers, part: ResumePoint): RangeCheck {
  const type = headers.get("content-type") ?? "";
  if (/^\s*multipart\//i.test(type)) return refused(`a part of type "${type}" was not asked for`);
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding.trim().toLowerCase() !== "identity") return refused(`the part has content coding "${coding}"`);
  const validator = STRONG_ETAG.test(part.validator) ? headers.get("etag") : headers.get("last-modified");
  if (validator !== null && validator.trim() !== part.validator) {
    return refused(`the part is of version ${validator}, the bytes held of ${part.validator}`);
  }
  return checkContentRange(headers.get("content-range"), part);
}

/**
 * Whether a 206 that nobody asked for holds the whole all the same, as some servers and caches answer everything: one
 * range, from the first byte to the last.
 */
export function holdsWhole(headers: Headers): boolean {
  if (/^\s*multipart\//i.test(headers.get("content-type") ?? "")) return false;
  const nothing = { url: "", validator: "", totalBytes: null, bytes: 0 };
  const check = checkContentRange(headers.get("content-range"), nothing);
  const length = headers.get("content-length");
  return check.ok && check.totalBytes !== null && (length === null || Number(length) === check.totalBytes);
}

function refused(detail: string): RangeCheck {
  return { ok: false, detail };
}

/** The instant of an IMF-fixdate (RFC 9110 §5.6.7); `NaN` for anything else, the obsolete forms included. */
function fixdateMs(text: string): number {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toUTCString() === text ? ms : NaN;
}
