/**
 * Fetches one candidate, verifies it as it comes, and stores it.
 *
 * @module
 */

import { LeaseLostError } from "../model/errors.ts";
import type { Reason } from "../model/reason.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { BodyError, type HttpResponse, type HttpResult } from "../http/mod.ts";
import { classifyBody, PAGE_HEAD_BYTES, WALL_STATUSES } from "./classify_body.ts";
import {
  type Download,
  type Downloaded,
  type DownloadOptions,
  type DownloadRequest,
  type DownloadStart,
  refused,
} from "./downloaded.ts";
import { claimKept, keepPart, keptKey } from "./kept_part.ts";
import { receiveAll, receiveRest } from "./receive.ts";
import { holdsWhole, resumeHeaders } from "./resume.ts";
import { PdfVerifier } from "./verify_pdf.ts";

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
    // What an earlier attempt left is still good where this one did not come to use it; but what another process that has
    // the job now keeps under the same name must not be replaced.
    const isLost = request.signal.reason instanceof LeaseLostError;
    if (part.isOpen && !isLost) await keepPart({ outDir, key, ...kept.point, part });
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
