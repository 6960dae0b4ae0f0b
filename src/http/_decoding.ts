import { BodyError } from "./body_error.ts";

/** Something that gives bytes until it gives `null`. */
export interface ByteSource {
  read(): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** A bomb is not told from a good file before this much has come out of it. */
const FREE_BYTES = 10 * 1024 * 1024;
const MAX_RATIO = 100;
const MAX_LAYERS = 2;
/** Deflate grows its input at most 1,032-fold, and what one piece gives comes as a whole: at most 4 MiB. */
const PIECE_BYTES = 4096;

/**
 * Undoes content codings that a server applied although `identity` was asked for.
 *
 * What is labelled gzip and is none is passed through as it stands: browsers and curl fail there, but a file that was
 * stored as it is under a wrong label is a good file, and its reader looks at the bytes. Where one label stands for two
 * layers, as when a server packs what a cache had packed before, both are undone.
 *
 * @param codings As in `Content-Encoding`: in the order in which they were applied.
 */
export function decoded(source: ByteSource, codings: readonly string[], url: string): ByteSource {
  if (codings.length > MAX_LAYERS) {
    return failing(
      new BodyError("not-pdf", `Cannot decode ${url}: ${codings.length} content codings are too many`),
    );
  }
  const undone = codings.toReversed().reduce((inner, coding) => layer(inner, coding, url), source);
  return codings.length < MAX_LAYERS && isGzip(codings[0]) ? new Gunzipping(undone, url) : undone;
}

function isGzip(coding: string | undefined): boolean {
  return coding === "gzip" || coding === "x-gzip";
}

function layer(source: ByteSource, coding: string, url: string): ByteSource {
  if (isGzip(coding)) return new Gunzipping(source, url);
  if (coding === "deflate") return new Inflating(source, "deflate", url);
  return failing(
    new BodyError("not-pdf", `Cannot decode ${url}: content coding "${coding}" was not asked for`),
  );
}

function failing(error: BodyError): ByteSource {
  return { read: () => Promise.reject(error) };
}

/** *Undecided* until it has seen the first two bytes; then it inflates (RFC 1952 §2.3.1) or passes everything through. */
class Gunzipping implements ByteSource {
  readonly #source: ByteSource;
  readonly #url: string;
  #decided: ByteSource | undefined;

  constructor(source: ByteSource, url: string) {
    this.#source = source;
    this.#url = url;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    return await (this.#decided ??= await this.#decide()).read();
  }

  async #decide(): Promise<ByteSource> {
    let head = await this.#source.read();
    if (head?.length === 1) {
      head = new Uint8Array([...head, ...await this.#source.read() ?? []]);
    }
    let left = head;
    const whole: ByteSource = {
      read: async () => {
        const chunk = left ?? await this.#source.read();
        left = null;
        return chunk;
      },
    };
    const isPacked = head?.[0] === 0x1f && (head.length === 1 || head[1] === 0x8b);
    return isPacked ? new Inflating(whole, "gzip", this.#url) : whole;
  }
}

class Inflating implements ByteSource {
  readonly #source: ByteSource;
  readonly #format: "gzip" | "deflate";
  readonly #url: string;
  #output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #inBytes = 0;
  #outBytes = 0;
  #sourceError: unknown;

  constructor(source: ByteSource, format: "gzip" | "deflate", url: string) {
    this.#source = source;
    this.#format = format;
    this.#url = url;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    this.#output ??= this.#pieces().pipeThrough(new DecompressionStream(this.#format)).getReader();
    try {
      const { value } = await this.#output.read();
      if (value === undefined) return null;
      this.#outBytes += value.length;
      if (this.#outBytes <= FREE_BYTES || this.#outBytes <= this.#inBytes * MAX_RATIO) return value;
      const ratio = `${this.#outBytes} bytes out of ${this.#inBytes} are more than ${MAX_RATIO}:1`;
      const error = new BodyError("too-large", `Cannot decode ${this.#url}: ${ratio}`);
      await this.#output.cancel(error).catch(() => {});
      throw error;
    } catch (error) {
      if (error instanceof BodyError) throw error;
      if (this.#sourceError !== undefined) throw this.#sourceError;
      throw new BodyError(
        "truncated",
        `Cannot decode ${this.#url}: the ${this.#format} data is broken or cut`,
        {
          cause: error,
        },
      );
    }
  }

  #pieces(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let rest = new Uint8Array(0);
    return new ReadableStream({
      pull: async (controller) => {
        try {
          while (rest.length === 0) {
            const chunk = await this.#source.read();
            if (chunk === null) return controller.close();
            rest = chunk;
          }
          // A copy: the source may use its memory again before this is decoded.
          const piece = rest.slice(0, PIECE_BYTES);
          rest = rest.subarray(PIECE_BYTES);
          this.#inBytes += piece.length;
          controller.enqueue(piece);
        } catch (error) {
          this.#sourceError = error;
          throw error;
        }
      },
    }, { highWaterMark: 0 });
  }
}
