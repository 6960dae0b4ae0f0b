/**
 * The body of an answer.
 *
 * @module
 */

import { BodyError } from "./body_error.ts";
import { type ByteSource, decoded } from "./_decoding.ts";

/** What a reader is made of. */
export interface BodyReaderOptions {
  /** The body; `null` if there is none. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** The fields of the answer, for length and coding. */
  readonly headers: Headers;
  /** For error texts. */
  readonly url: string;
  /** The longest body that is taken, before and after decoding. */
  readonly maxBytes: number;
  /** The longest wait for the next bytes. */
  readonly idleMs: number;
  /** The request's time limits; the reader tells it when it waits. */
  readonly deadline: { begin(stepMs: number): void; pause(): void };
  /** Aborted, with what {@linkcode BodyReader.read} is to throw, if a limit passes or the caller gives up. */
  readonly signal: AbortSignal;
  /** Called once, when nothing more will be read: the end, a failure or a cancel. */
  readonly onEnd: () => void;
}

/** About what Deno has read at a time. Larger ones save reads, and on a busy machine held 57 MiB over 200 MiB of a body. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Reads a body once, chunk by chunk, within its caps of size and time. *Open* until the last chunk, a failure or
 * {@linkcode cancel}; then *ended*, for good. The permit of the request is held exactly while it is open, so it must be
 * ended: take it with `await using`.
 */
export class BodyReader implements AsyncDisposable {
  /** The announced length of the body in bytes; `null` if it was not announced or is that of an encoded form. */
  readonly expectedBytes: number | null;
  readonly #options: BodyReaderOptions;
  readonly #raw: ReadableStreamBYOBReader | undefined;
  readonly #source: ByteSource;
  readonly #onAbort = () => void this.cancel();
  /** What {@linkcode peekText} took from the source and nobody read yet. */
  readonly #peeked: PromiseSettledResult<Uint8Array<ArrayBuffer> | null>[] = [];
  // One buffer for the whole body: a new one a chunk raised memory by 34 MiB over 200 MiB before the first collection,
  // against 12, and was a tenth slower.
  #buffer: ArrayBuffer | undefined;
  #rawBytes = 0;
  #bytesRead = 0;
  #ended = false;
  #failure: unknown;

  /** Takes over the stream. */
  constructor(options: BodyReaderOptions) {
    this.#options = options;
    this.#raw = options.stream?.getReader({ mode: "byob" });
    const codings = codingsOf(options.headers);
    const length = options.headers.get("content-length");
    this.expectedBytes = codings.length === 0 && length !== null && /^\d{1,15}$/.test(length)
      ? Number(length)
      : null;
    const raw: ByteSource = { read: () => this.#readRaw() };
    this.#source = codings.length === 0 ? raw : decoded(raw, codings, options.url);
    if (this.#raw === undefined) this.#end();
    // A caller that gave up, or time that ran out while nobody was reading, must not keep the permit.
    else if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Bytes given out so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /**
   * The next bytes; `null` at the end of the body. They stay what they are only until the next call, which may use their
   * memory again.
   *
   * @throws {BodyError} If the body is cut short, too large, too slow or in a coding that cannot be undone.
   * @throws The reason of the caller's signal, if that was aborted.
   */
  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return null;
    try {
      if ((this.expectedBytes ?? 0) > this.#options.maxBytes) throw this.#tooLarge(this.expectedBytes ?? 0);
      const peeked = this.#peeked.shift();
      if (peeked?.status === "rejected") throw peeked.reason;
      const chunk = peeked === undefined ? await this.#source.read() : peeked.value;
      this.#options.signal.throwIfAborted();
      if (chunk === null) {
        this.#end();
        return null;
      }
      this.#bytesRead += chunk.length;
      if (this.#bytesRead > this.#options.maxBytes) throw this.#tooLarge(this.#bytesRead);
      return chunk;
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  /** All chunks that are left; leaving the loop early cancels the body. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
    } finally {
      await this.cancel();
    }
  }

  /**
   * All that is left, as UTF-8.
   *
   * @param maxBytes The longest text that is taken.
   * @throws {BodyError} As {@linkcode read}.
   */
  async readText(maxBytes = this.#options.maxBytes): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this) {
      if (this.#bytesRead > maxBytes) throw this.#tooLarge(this.#bytesRead, maxBytes);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  /**
   * The beginning of the body as UTF-8, which {@linkcode read} gives out all the same. Does not end the body, even if there
   * is no more; a failure is kept for `read`.
   */
  async peekText(maxBytes: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for (let bytes = 0; bytes < maxBytes && !this.#ended;) {
      const [peeked] = await Promise.allSettled([this.#source.read()]);
      const value = peeked.status === "fulfilled" ? peeked.value?.slice() : undefined;
      this.#peeked.push(value === undefined ? peeked : { status: "fulfilled", value });
      if (value === undefined) break;
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
    return text + decoder.decode();
  }

  /** Gives up the rest; does nothing once the body has ended. */
  async cancel(): Promise<void> {
    if (this.#ended) return;
    this.#failure = this.#options.signal.aborted
      ? this.#endedBy(this.#options.signal.reason)
      : new TypeError(`Cannot read ${this.#options.url}: the body was cancelled`);
    this.#end();
    await this.#raw?.cancel().catch(() => {});
  }

  /** As {@linkcode cancel}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  async #readRaw(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#raw === undefined) return null;
    const { deadline, idleMs, maxBytes } = this.#options;
    const buffer = this.#buffer ??
      new ArrayBuffer(Math.min(BUFFER_BYTES, this.expectedBytes || BUFFER_BYTES));
    deadline.begin(idleMs);
    const { value, done } = await this.#raw.read(new Uint8Array(buffer));
    deadline.pause();
    if (value === undefined || done) return null;
    this.#buffer = value.buffer;
    this.#rawBytes += value.length;
    if (this.#rawBytes > maxBytes) throw this.#tooLarge(this.#rawBytes);
    return value;
  }

  async #fail(error: unknown): Promise<unknown> {
    const { signal, url } = this.#options;
    const reached = this.#expected();
    const failure = signal.aborted
      ? this.#endedBy(signal.reason)
      : error instanceof BodyError
      ? error
      : new BodyError("truncated", `Cannot read ${url}: the body broke off after ${reached}`, {
        cause: error,
      });
    await this.cancel();
    return this.#failure = failure;
  }

  #endedBy(reason: unknown): unknown {
    if (!(reason instanceof BodyError)) return reason;
    return new BodyError(reason.reason, `Cannot read ${this.#options.url}: ${reason.message}`);
  }

  #expected(): string {
    return this.expectedBytes === null
      ? `${this.#rawBytes} bytes`
      : `${this.#rawBytes} of ${this.expectedBytes} bytes`;
  }

  #tooLarge(bytes: number, maxBytes = this.#options.maxBytes): BodyError {
    return new BodyError(
      "too-large",
      `Cannot read ${this.#options.url}: ${bytes} bytes are more than ${maxBytes}`,
    );
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd();
  }
}

function codingsOf(headers: Headers): readonly string[] {
  return (headers.get("content-encoding") ?? "").toLowerCase().split(",").map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
}
