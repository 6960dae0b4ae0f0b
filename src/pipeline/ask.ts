/**
 * Asks one resolver one question, and takes what it says into the cursor.
 *
 * @module
 */

import type { Artifact, Candidate } from "../model/artifact.ts";
import { messageOf } from "../model/errors.ts";
import type { Closed } from "../model/permit.ts";
import type { ResolverAnswer } from "../model/resolver.ts";
import type { Cursor } from "./cursor.ts";
import { Hearing } from "./heard.ts";
import type { PipelineContext, PipelineJob } from "./job.ts";
import type { PipelineOptions } from "./options.ts";
import type { Question } from "./questions.ts";
import { byRank, withCandidates } from "./rank.ts";
import { tellingWalls } from "./walls.ts";

/** Refusals by rate of one question after which it counts as failed. */
const MAX_REFUSALS = 10;

type Found = Extract<ResolverAnswer, { type: "found" }>;

/** Asks `question` for a job; gives what closes it, if it cannot be answered now. */
export async function ask(
  { key, resolver, ids }: Question,
  job: PipelineJob,
  cursor: Cursor,
  { permits, signal }: PipelineContext,
  { fetchFor, logger }: PipelineOptions,
): Promise<Closed | null> {
  const artifact: Artifact = {
    id: job.artifactId,
    ids,
    ...(job.metadata ? { metadata: job.metadata } : {}),
  };
  const hearing = new Hearing(cursor.heard[key], fetchFor(resolver, permits, signal));
  delete cursor.heard[key];
  let answer: ResolverAnswer;
  try {
    answer = await resolver.resolve(artifact, signal, tellingWalls(hearing.fetch));
  } catch (error) {
    if (signal.aborted) {
      hearing.keepIn(cursor.heard, key);
      return null;
    }
    answer = { type: "failed", reason: "resolver-failed", detail: messageOf(error) };
  }
  if (answer.type === "closed") {
    await hearing.settled();
    if (!hearing.keepIn(cursor.heard, key)) {
      const detail = `"${answer.group}" was closed amid requests whose answers are too large to be kept`;
      answer = { type: "failed", reason: "resolver-failed", detail };
    }
  }
  if (answer.type === "closed" && answer.isRefusal) {
    const times = cursor.limited[key] = (cursor.limited[key] ?? 0) + 1;
    const detail = `"${answer.group}" refused ${times} requests by rate`;
    if (times >= MAX_REFUSALS) answer = { type: "failed", reason: "rate-limited", detail };
  }
  switch (answer.type) {
    case "closed":
      return answer;
    case "failed":
      // What fails for the whole run was said once, by those who found it out.
      logger[answer.isFinal ? "debug" : "warn"]("resolver failed", {
        resolver: resolver.name,
        artifact: job.artifactId,
        reason: answer.reason,
        detail: answer.detail,
      });
      cursor.failed.push({
        key,
        resolver: resolver.name,
        reason: answer.reason,
        detail: answer.detail.slice(0, 500),
        ...(answer.isFinal && { isFinal: true }),
      });
      return null;
    case "found":
      cursor.asked.push(key);
      cursor.known ||= answer.verdict !== "not-found";
      cursor.closedAccess ||= answer.verdict === "closed-access";
      noteWall(resolver.name, answer, cursor);
      learn(resolver.name, answer, cursor);
      return null;
  }
}

function noteWall(resolver: string, { verdict, page }: Found, { tried }: Cursor): void {
  if (!page || (verdict !== "bot-wall" && verdict !== "login-wall")) return;
  const { url, status } = page;
  if (tried.some(({ candidate }) => candidate.url === url)) return;
  const candidate: Candidate = { url, kind: "landing", resolver, version: null, license: null };
  tried.push({ candidate, reason: verdict, status });
}

function learn(resolver: string, answer: Found, cursor: Cursor): void {
  // What is known stays: the artifact's own id, and the first answer of two that differ.
  cursor.ids = { ...answer.ids, ...cursor.ids };
  const tried = cursor.tried.filter(({ candidate }) => candidate.kind === "pdf");
  const seen = new Set([...tried.map(({ candidate }) => candidate.url), ...cursor.landings]);
  const pages = answer.candidates.filter(({ kind }) => kind === "landing").sort(byRank);
  cursor.landings.push(...new Set(pages.map(({ url }) => url).filter((url) => !seen.has(url))));
  const files = answer.candidates.filter(({ kind }) => kind === "pdf").map((one) => ({ ...one, resolver }));
  cursor.candidates = withCandidates(cursor.candidates, files, seen);
}
