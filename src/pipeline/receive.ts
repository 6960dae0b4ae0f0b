/**
 * Takes in the body of an answer: to disk, through the checks, into its place.
 *
 * @module
 */

import { LeaseLostError } from "../model/errors.ts";
import { REASONS } from "../model/reason.ts";
import { BodyError, type HttpResponse } from "../http/mod.ts";
import { type Downloaded, type DownloadOptions, type DownloadRequest, refused } from "./downloaded.ts";
import { type ClaimedPart, keepPart, keptKey } from "./kept_part.ts";
import type { PartFile } from "./part_file.ts";
import { checkPartialResponse, type ResumePoint, strongValidatorOf } from "./resume.ts";
import { type PdfRefusal, PdfVerifier } from "./verify_pdf.ts";

/** Goes on where an earlier attempt broke off. */
export async function receiveRest(
  request: DownloadRequest,
  response: HttpResponse,
  kept: ClaimedPart & { readonly verifier: PdfVerifier },
  options: DownloadOptions,
): Promise<Downloaded> {
  const check = checkPartialResponse(response.headers, kept.point);
  if (!check.ok) {
    kept.part.discard();
    return refused("truncated", response, check.detail);
  }
  return await receive(request, response, { ...kept, totalBytes: check.totalBytes }, options);
}

/** Receives a whole body. */
export async function receiveAll(
  request: DownloadRequest,
  response: HttpResponse,
  options: DownloadOptions,
): Promise<Downloaded> {
  using part = await options.store.createPart(request.owner);
  const { headers } = response;
  // Ranges count encoded bytes (RFC 9110 §14): after a decoding there is no telling where the rest begins.
  const isResumable = headers.get("accept-ranges") !== "none" && headers.get("content-encoding") === null;
  const validator = isResumable ? strongValidatorOf(headers) : null;
  const point = validator === null ? null : { url: response.finalUrl, validator };
  const totalBytes = response.body.expectedBytes;
  return await receive(request, response, { part, point, verifier: new PdfVerifier(), totalBytes }, options);
}

/** A body on its way into a part. */
interface Receiving {
  readonly part: PartFile;
  readonly verifier: PdfVerifier;
  /** Length of the whole; `null` where nobody said. */
  readonly totalBytes: number | null;
  /** How the rest could be asked for if it breaks off; `null` where the server gave no strong validator. */
  readonly point: Pick<ResumePoint, "url" | "validator"> | null;
}

async function receive(
  request: DownloadRequest,
  response: HttpResponse,
  { part, verifier, totalBytes, point }: Receiving,
  { store, outDir }: DownloadOptions,
): Promise<Downloaded> {
  try {
    const early = await fill(response, part, verifier);
    if (early) return discarded(part, refused(early.reason, response, early.detail));
  } catch (error) {
    if (!(error instanceof BodyError) && !request.signal.aborted) throw error;
    const key = keptKey(request.artifactId, request.candidate.url);
    // Nobody comes back for the rest of a file that is too large, nor of one that another process fetches by now.
    // (A process that slept finds its connections broken before it hears that its leases are gone.)
    const isOfUse = point !== null &&
      (error instanceof BodyError
        ? REASONS[error.reason].transient && await request.confirm()
        : !(request.signal.reason instanceof LeaseLostError));
    if (isOfUse) {
      await keepPart({ outDir, key, part, totalBytes, url: point.url, validator: point.validator });
    }
    if (!(error instanceof BodyError)) throw error;
    return discarded(part, refused(error.reason, response, error.message));
  }
  const verdict = verifier.verdict({ announcedBytes: totalBytes, framed: isFramed(response) });
  if (!verdict.ok) return discarded(part, refused(verdict.reason, response, verdict.detail));
  await part.finish();
  if (!await request.confirm()) return discarded(part, { type: "interrupted" });
  const { sha256, bytes } = await store.storeFile(part, request.path);
  return { type: "stored", sha256, bytes, finalUrl: response.finalUrl };
}

function discarded(part: PartFile, outcome: Downloaded): Downloaded {
  part.discard();
  return outcome;
}

/** Writes the body to the part; gives up as soon as the first bytes settle that it is no PDF. */
async function fill(
  response: HttpResponse,
  part: PartFile,
  verifier: PdfVerifier,
): Promise<PdfRefusal | null> {
  for (let chunk = await response.body.read(); chunk !== null; chunk = await response.body.read()) {
    verifier.feed(chunk);
    const refusal = verifier.refuseEarly();
    if (refusal) return refusal;
    await part.write(chunk);
  }
  return null;
}

/** Whether the framing itself proves the end: chunked transfer does, a connection that closes does not. */
function isFramed(response: HttpResponse): boolean {
  return /\bchunked\b/i.test(response.headers.get("transfer-encoding") ?? "");
}
