import type { Reason } from "../model/reason.ts";
import { classifyBody, looksLikeHtml, PAGE_HEAD_BYTES } from "./classify_body.ts";

/** Why the bytes were refused. */
export type PdfRefusalReason = Extract<
  Reason,
  "not-pdf" | "html-instead-of-pdf" | "login-wall" | "bot-wall" | "truncated" | "too-small" | "bad-pdf"
>;

/** The bytes are not what was wanted. */
export interface PdfRefusal {
  /** Tells it from a good verdict. */
  readonly ok: false;
  /** The code for the record. */
  readonly reason: PdfRefusalReason;
  /** One phrase for the log. */
  readonly detail: string;
}

/** What the bytes are, once all have been seen. */
export type PdfVerdict =
  | {
    readonly ok: true;
    /** Whether the transfer proves that nothing is missing; otherwise only the file's own structure speaks for it. */
    readonly proven: boolean;
  }
  | PdfRefusal;

/** What the transfer says of its length (RFC 9112 §6.3). */
export interface TransferLength {
  /** What `Content-Length` announced, of these very bytes; `null` without one or after a content decoding. */
  readonly announcedBytes: number | null;
  /**
   * Whether the framing itself proved the end, as chunked and HTTP/2 do.
   *
   * @default false
   */
  readonly framed?: boolean;
}

/** Readers look for the header and for the end marker this far from either end (Adobe, PDF Reference 1.7, app. H). */
const WINDOW_BYTES = 1_024;

/** Padding that block-wise servers add after the end marker; readers skip it. */
const MAX_PADDING_BYTES = 16_384;

/** NUL and white space. */
const PADDING: ReadonlySet<number> = new Set([0, 9, 10, 12, 13, 32]);

/** Fewer bytes can't hold a header, a page tree and an end marker. */
const MIN_PDF_BYTES = 64;

/**
 * Judges a stream of bytes that should be a PDF while they come, for the price of a copy of the last 17 kB
 * of each chunk. An encrypted PDF is a PDF.
 *
 * States: `head` until 1,024 bytes have come; then `pdf` if the header is among them, `page` while more of an HTML
 * page is gathered to tell its kind, `refused` otherwise. Only `refused` is final before the end.
 */
export class PdfVerifier {
  #state: "head" | "pdf" | "page" | "refused" = "head";
  #bytes = 0;
  #head = new Uint8Array(WINDOW_BYTES);
  #headBytes = 0;
  readonly #tail = new Uint8Array(WINDOW_BYTES + MAX_PADDING_BYTES);
  #tailBytes = 0;

  /** Takes the next bytes in; they are not held on to. */
  feed(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#state === "head" || this.#state === "page") this.#feedHead(chunk);
    if (this.#state !== "refused") this.#feedTail(chunk);
  }

  /**
   * The refusal, as soon as the first bytes settle it, so that a film or an archive isn't fetched to its end;
   * `null` while the rest can still matter.
   */
  refuseEarly(): PdfRefusal | null {
    return this.#state === "refused" ? this.#refuseHead() : null;
  }

  /** The verdict on all that was fed. */
  verdict(length: TransferLength): PdfVerdict {
    const { announcedBytes, framed = false } = length;
    const short = announcedBytes !== null && this.#bytes < announcedBytes;
    if (this.#bytes === 0) return refusal(short ? "truncated" : "too-small", "the body is empty");
    const header = headerIndex(this.#head.subarray(0, this.#headBytes));
    if (header < 0) return this.#refuseHead();
    if (short) return refusal("truncated", `${this.#bytes} of ${announcedBytes} bytes came`);
    const proven = framed || announcedBytes !== null;
    const flaw = this.#flaw(proven);
    if (flaw === null) return { ok: true, proven };
    // Pages that speak of PDFs: the header was a word in their text.
    return header > 0 && looksLikeHtml(this.#head) ? this.#refuseHead() : flaw;
  }

  #feedHead(chunk: Uint8Array): void {
    const part = chunk.subarray(0, this.#head.length - this.#headBytes);
    this.#head.set(part, this.#headBytes);
    this.#headBytes += part.length;
    if (this.#headBytes < this.#head.length) return;
    if (this.#state === "page") {
      this.#state = "refused";
    } else if (headerIndex(this.#head) >= 0) {
      this.#state = "pdf";
    } else if (looksLikeHtml(this.#head)) {
      this.#state = "page";
      const page = new Uint8Array(PAGE_HEAD_BYTES);
      page.set(this.#head);
      this.#head = page;
      this.#feedHead(chunk.subarray(part.length));
    } else {
      this.#state = "refused";
    }
  }

  #feedTail(chunk: Uint8Array): void {
    const size = this.#tail.length;
    const added = chunk.subarray(Math.max(0, chunk.length - size));
    const kept = Math.min(this.#tailBytes, size - added.length);
    if (kept > 0) this.#tail.copyWithin(0, this.#tailBytes - kept, this.#tailBytes);
    this.#tail.set(added, kept);
    this.#tailBytes = kept + added.length;
  }

  #refuseHead(): PdfRefusal {
    return { ok: false, ...classifyBody(this.#head.subarray(0, this.#headBytes)) };
  }

  #flaw(proven: boolean): PdfRefusal | null {
    if (this.#bytes < MIN_PDF_BYTES) {
      return proven
        ? refusal("too-small", `the body has only ${this.#bytes} bytes`)
        : refusal("truncated", `only ${this.#bytes} bytes came`);
    }
    const padded = this.#tail.subarray(0, this.#tailBytes);
    const tail = padded.subarray(0, lengthWithoutPadding(padded));
    const window = tail.subarray(Math.max(0, tail.length - WINDOW_BYTES));
    const text = new TextDecoder("latin1").decode(window);
    const end = text.lastIndexOf("%%EOF");
    if (end < 0) return refusal("truncated", "the end marker %%EOF is missing");
    const windowStart = this.#bytes - padded.length + tail.length - window.length;
    return this.#crossReferenceFlaw(text.slice(0, end), proven, windowStart);
  }

  /** @param before What the tail holds before the end marker, from byte `tailStart` of the file. */
  #crossReferenceFlaw(before: string, proven: boolean, tailStart: number): PdfRefusal | null {
    const at = before.lastIndexOf("startxref");
    const offset = at < 0 ? undefined : /^startxref\s+(\d{1,15})\b/.exec(before.slice(at, at + 64))?.[1];
    if (offset === undefined) {
      // All that was sent has come and ends as it should: readers rebuild the table that its author left out.
      return proven ? null : refusal("bad-pdf", "startxref is missing");
    }
    // A linearized file cut after its first page ends in a marker of its own, whose startxref is 0 (ISO 32000-1,
    // annex F.3.4). One that is shorter than it says but ends otherwise was rewritten by a careless tool.
    const linearized = linearizedLength(this.#head);
    if (linearized !== null && this.#bytes < linearized && (!proven || Number(offset) === 0)) {
      return refusal("truncated", `${this.#bytes} of the ${linearized} bytes of a linearized file`);
    }
    // Counted from the header or from the first byte: with junk before the header both are met with.
    if (Number(offset) < tailStart + at) return null;
    return refusal(
      "bad-pdf",
      `startxref points to ${offset}, beyond the table's place in ${this.#bytes} bytes`,
    );
  }
}

function refusal(reason: PdfRefusalReason, detail: string): PdfRefusal {
  return { ok: false, reason, detail };
}

function headerIndex(head: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(head.subarray(0, WINDOW_BYTES));
  return text.indexOf("%PDF-");
}

function lengthWithoutPadding(tail: Uint8Array): number {
  let length = tail.length;
  while (length > 0 && PADDING.has(tail[length - 1] ?? 0)) length--;
  return length;
}

/** The length that a linearized file states of itself in its first object; `null` if it isn't linearized. */
function linearizedLength(head: Uint8Array): number | null {
  const text = new TextDecoder("latin1").decode(head.subarray(0, WINDOW_BYTES));
  const dictionary = /<<[^<>]{0,400}\/Linearized\b[^<>]{0,400}>>/.exec(text)?.[0];
  const length = dictionary && /\/L\s+(\d{1,15})\b/.exec(dictionary)?.[1];
  return length ? Number(length) : null;
}
