/**
 * Fetches one candidate, verifies it as it comes, and stores it.
 *
 * @module
 */

import type { Candidate } from "../model/artifact.ts";
import { LeaseLostError } from "../model/errors.ts";
import type { Closed } from "../model/permit.ts";
import { type Reason, REASONS } from "../model/reason.ts";
import type { Waypoint } from "../model/waypoint.ts";
import {
  BodyError,
  type GetOptions,
  type HttpClient,
  type HttpResponse,
  type HttpResult,
} from "../http/mod.ts";
import { classifyBody, PAGE_HEAD_BYTES, WALL_STATUSES } from "./classify_body.ts";
import { type ClaimedPart, claimKept, keepPart, keptKey } from "./kept_part.ts";
import type { PipelineContext } from "./job.ts";
import type { PartFile } from "./part_file.ts";
import {
  checkPartialResponse,
  holdsWhole,
  resumeHeaders,
  type ResumePoint,
  strongValidatorOf,
} from "./resume.ts";
import type { FileStore } from "./store.ts";
import { type PdfRefusal, PdfVerifier } from "./verify_pdf.ts";

/** Where a download begins. */
export interface DownloadStart extends Waypoint {
  /** Whether this way was begun anew, since the one before it led to a URL that had expired; that is done once. */
  readonly isRenewed: boolean;
}

/** One candidate to be fetched for one job. */
export interface DownloadRequest extends PipelineContext {
  /** Where to begin: at the candidate's URL, or where its redirects led before. */
  readonly from: DownloadStart;
  /** What is fetched. */
  readonly candidate: Candidate;
  /** What it is the full text of. */
  readonly artifactId: string;
  /** Names the lease, for the temporary file. */
  readonly owner: string;
  /** As in `PipelineJob`. */
  readonly mayResume: boolean;
  /** The final path, below the output directory. */
  readonly path: string;
}

/** What a download came to. */
export type Downloaded =
  | {
    readonly type: "stored";
    readonly sha256: string;
    readonly bytes: number;
    readonly finalUrl: string;
  }
  | { readonly type: "closed"; readonly closed: Closed; readonly resumeAt: DownloadStart }
  | { readonly type: "limited"; readonly closed: Closed; readonly status: number }
  | {
    readonly type: "refused";
    readonly reason: Reason;
    readonly status: number | null;
    readonly detail: string;
  }
  | { readonly type: "interrupted" };

/** Fetches, verifies and stores one candidate. */
export type Download = (request: DownloadRequest) => Promise<Downloaded>;

/** What a download works with. */
export interface DownloadOptions {
  /** Makes the requests. */
  readonly client: HttpClient;
  /** Puts files into their places. */
  readonly store: FileStore;
  /** The output directory. */
  readonly outDir: string;
  /** Says what robots.txt has to say of a URL. @default it is not asked */
  readonly robots?: NonNullable<GetOptions["robots"]> | undefined;
}

/** Makes a {@linkcode Download}. */
export function createDownload(options: DownloadOptions): Download {
  return (request) => download(request, options);
}

async function download(request: DownloadRequest, options: DownloadOptions): Promise<Downloaded> {
  return (request.mayResume ? await resume(request, options) : null) ??
    await fetchWhole(request.from, request, options);
}

/**
 * Goes on with what an earlier attempt kept, if there is anything. `null` if the file has to be fetched from its
 * beginning: nothing was kept, or the host has nothing under that URL any more, as behind a redirect to a signed one.
 */
async function resume(request: DownloadRequest, options: DownloadOptions): Promise<Downloaded | null> {
  const verifier = new PdfVerifier();
  const key = keptKey(request.artifactId, request.candidate.url);
  const { outDir } = options;
  const kept = await claimKept({
    outDir,
    key,
    owner: request.owner,
    replay: (piece) => verifier.feed(piece),
  });
  if (!kept) return null;
  using part = kept.part;
  try {
    const { url } = kept.point;
    const { isRenewed } = request.from;
    const from = request.from.hops.includes(url) ? request.from : { url, hops: [], isRenewed };
    const result = await get(from, resumeHeaders(kept.point), request, options);
    if (result.type !== "response") return noAnswer(result, from);
    await using _body = result.body;
    if (result.status === 206) return await receiveRest(request, result, { ...kept, verifier }, options);
    if (result.status >= 500) return await refuseStatus(result);
    part.discard();
    return result.status === 200 ? await receiveAll(request, result, options) : null;
  } finally {
    // What an earlier attempt left is still good where this one did not come to use it.
    if (part.isOpen) await keepPart({ outDir, key, ...kept.point, part });
  }
}

async function fetchWhole(
  from: DownloadStart,
  request: DownloadRequest,
  options: DownloadOptions,
): Promise<Downloaded> {
  const result = await get(from, {}, request, options);
  if (result.type !== "response") return noAnswer(result, from);
  await using body = result.body;
  const isWhole = result.status === 200 || (result.status === 206 && holdsWhole(result.headers));
  if (isWhole) return await receiveAll(request, result, options);
  // Not "truncated": a server that answers so will do it again.
  if (result.status === 206) return refused("not-pdf", result, "a partial answer that nobody asked for");
  const { candidate } = request;
  if (result.status >= 400 && result.status < 500 && from.url !== candidate.url && !from.isRenewed) {
    // A redirect led here before the job was held; the way itself may lead elsewhere by now.
    await body.cancel();
    return await fetchWhole({ url: candidate.url, hops: [], isRenewed: true }, request, options);
  }
  return await refuseStatus(result);
}

function get(
  { url, hops }: Waypoint,
  headers: Readonly<Record<string, string>>,
  { permits, signal }: DownloadRequest,
  { client, robots }: DownloadOptions,
): Promise<HttpResult> {
  return client.get(url, {
    via: hops,
    groups: [],
    permits,
    signal,
    purpose: "download",
    ...(robots ? { robots } : {}),
    headers: { accept: "application/pdf,*/*;q=0.8", ...headers },
  });
}

function noAnswer(
  result: Exclude<HttpResult, { type: "response" }>,
  { isRenewed }: DownloadStart,
): Downloaded {
  switch (result.type) {
    case "closed":
      return {
        type: "closed",
        closed: result.closed,
        resumeAt: { url: result.resumeUrl, hops: result.hops, isRenewed },
      };
    case "limited":
      return { type: "limited", closed: result.closed, status: result.status };
    default:
      return { type: "refused", reason: result.reason, status: null, detail: result.detail };
  }
}

/** Goes on where an earlier attempt broke off. */
async function receiveRest(
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
async function receiveAll(
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

async function refuseStatus(response: HttpResponse): Promise<Downloaded> {
  const { status } = response;
  if (WALL_STATUSES.has(status)) {
    const wall = await readWall(response);
    if (wall) return refused(wall.reason, response, wall.detail);
  }
  // It means that credentials are asked for (RFC 9110 §15.5.2), with or without a page that says so.
  if (status === 401) return refused("login-wall", response, `status ${status}`);
  return refused(
    status >= 500 ? "http-5xx" : status >= 400 ? "http-4xx" : "not-pdf",
    response,
    `status ${status}`,
  );
}

/** What the page behind a refusal is, if it is a wall. */
async function readWall(response: HttpResponse): Promise<{ reason: Reason; detail: string } | null> {
  const head = new Uint8Array(PAGE_HEAD_BYTES);
  let length = 0;
  try {
    while (length < head.length) {
      const chunk = await response.body.read();
      if (chunk === null) break;
      head.set(chunk.subarray(0, head.length - length), length);
      length += Math.min(chunk.length, head.length - length);
    }
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
  }
  const page = classifyBody(head.subarray(0, length));
  return page.reason === "login-wall" || page.reason === "bot-wall" ? page : null;
}

/** Whether the framing itself proves the end: chunked transfer does, a connection that closes does not. */
function isFramed(response: HttpResponse): boolean {
  return /\bchunked\b/i.test(response.headers.get("transfer-encoding") ?? "");
}

function refused(reason: Reason, response: HttpResponse, detail: string): Downloaded {
  return { type: "refused", reason, status: response.status, detail };
}
