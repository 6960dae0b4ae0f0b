/**
 * One artifact's way: resolve → download → verify → store.
 *
 * @module
 */

import type { ArtifactRecord, Candidate } from "../model/artifact.ts";
import type { Closed } from "../model/permit.ts";
import { PATIENCE_MS } from "../model/resolver.ts";
import { ask } from "./ask.ts";
import { type Cursor, DIRECT, openCursor, writeCursor } from "./cursor.ts";
import type { Downloaded } from "./downloaded.ts";
import { filePathOf } from "./file_name.ts";
import type { PipelineContext, PipelineEnd, PipelineJob } from "./job.ts";
import type { PipelineOptions } from "./options.ts";
import { nextQuestions, type Question } from "./questions.ts";
import type { FileStore } from "./store.ts";
import {
  attemptsOf,
  canHelpToRetry,
  decisiveReason,
  forAnotherAttempt,
  foundRecord,
  recordWithoutFile,
} from "./verdict.ts";

/** Refusals by rate of one URL after which it counts as failed. */
const MAX_LIMITED = 10;

/** Works on one job as far as it gets now. */
export async function processArtifact(
  job: PipelineJob,
  context: PipelineContext,
  options: PipelineOptions,
): Promise<PipelineEnd> {
  const cursor = openCursor(job, options.clock.now());
  const path = filePathOf(job.artifactId);
  const existing = await options.store.existing(path);
  const end: PipelineEnd = existing
    ? { type: "finished", record: foundRecord(cursor, path, existing, options.clock.now()) }
    : await new ArtifactRun(job, cursor, path, context, options).toEnd();
  if (end.type === "finished") dropKept(job, cursor, options.store);
  return end;
}

/** What was kept of other candidates nobody comes back for. */
function dropKept({ artifactId, mayResume }: PipelineJob, cursor: Cursor, store: FileStore): void {
  // Without an earlier lease, and without a candidate that failed, nothing was.
  if (mayResume || cursor.tried.length > 0) store.dropKept(artifactId);
}

/** One lease's worth of work on an artifact. */
class ArtifactRun {
  readonly #job: PipelineJob;
  readonly #cursor: Cursor;
  readonly #path: string;
  readonly #context: PipelineContext;
  readonly #options: PipelineOptions;
  /** Steps that cannot be made now: URLs and questions, with what closes them. */
  readonly #closedSteps = new Map<string, Closed>();

  constructor(
    job: PipelineJob,
    cursor: Cursor,
    path: string,
    context: PipelineContext,
    options: PipelineOptions,
  ) {
    this.#job = job;
    this.#cursor = cursor;
    this.#path = path;
    this.#context = context;
    this.#options = options;
  }

  /** Candidates first, best first; then the lowest tier with an open question; until neither is left. */
  async toEnd(): Promise<PipelineEnd> {
    for (;;) {
      if (this.#context.signal.aborted) return { type: "interrupted", cursor: writeCursor(this.#cursor) };
      const candidate = this.#cursor.candidates.find(({ url }) => !this.#closedSteps.has(url));
      if (candidate) {
        const end = await this.#try(candidate);
        if (end) return end;
        continue;
      }
      if (this.#mustWait()) return this.#hold();
      const questions = nextQuestions(this.#options.resolvers, this.#cursor, this.#closedSteps.keys());
      if (questions.length > 0) await Promise.all(questions.map((question) => this.#ask(question)));
      else if (this.#closedSteps.size > 0) return this.#hold();
      else return this.#giveUp();
    }
  }

  async #try(candidate: Candidate): Promise<PipelineEnd | null> {
    const cursor = this.#cursor;
    const downloaded = await this.#download(candidate);
    switch (downloaded.type) {
      case "stored":
        return { type: "finished", record: this.#storedRecord(candidate, downloaded) };
      case "closed":
        cursor.resumeAt[candidate.url] = downloaded.resumeAt;
        this.#closedSteps.set(candidate.url, downloaded.closed);
        return null;
      case "limited": {
        const times = (cursor.limited[candidate.url] ?? 0) + 1;
        cursor.limited[candidate.url] = times;
        if (times < MAX_LIMITED) this.#closedSteps.set(candidate.url, downloaded.closed);
        else this.#drop(candidate, { reason: "rate-limited", status: downloaded.status });
        return null;
      }
      case "refused":
        this.#drop(candidate, downloaded);
        this.#options.logger.debug("candidate refused", {
          artifact: this.#job.artifactId,
          url: candidate.url,
          reason: downloaded.reason,
          detail: downloaded.detail,
        });
        return null;
      case "interrupted":
        return { type: "interrupted", cursor: writeCursor(cursor) };
    }
  }

  async #download(candidate: Candidate): Promise<Downloaded> {
    try {
      return await this.#options.download({
        from: this.#cursor.resumeAt[candidate.url] ?? { url: candidate.url, hops: [], isRenewed: false },
        candidate,
        artifactId: this.#job.artifactId,
        owner: this.#job.owner,
        mayResume: this.#job.mayResume,
        path: this.#path,
        ...this.#context,
      });
    } catch (error) {
      // The client and the body throw the signal's reason when it is aborted.
      if (this.#context.signal.aborted) return { type: "interrupted" };
      throw error;
    }
  }

  #drop(
    candidate: Candidate,
    why: Pick<Extract<Downloaded, { type: "refused" }>, "reason" | "status">,
  ): void {
    const cursor = this.#cursor;
    cursor.candidates = cursor.candidates.filter(({ url }) => url !== candidate.url);
    cursor.tried.push({ candidate, reason: why.reason, status: why.status });
    delete cursor.resumeAt[candidate.url];
    // A page in place of a PDF may name the PDF.
    if (why.reason === "html-instead-of-pdf" && candidate.resolver === DIRECT) {
      cursor.landings.push(candidate.url);
    }
  }

  async #ask(question: Question): Promise<void> {
    const closed = await ask(question, this.#job, this.#cursor, this.#context, this.#options);
    if (closed) this.#closedSteps.set(question.key, closed);
  }

  /** Whether a step that is closed opens so soon that a later tier is not to be asked before. */
  #mustWait(): boolean {
    const patientUntil = this.#options.clock.now() + PATIENCE_MS;
    return [...this.#closedSteps.values()].some(({ until }) => until <= patientUntil);
  }

  #hold(): PipelineEnd {
    const [first, ...others] = this.#closedSteps.values();
    if (!first) throw new TypeError("Cannot hold: no step is closed");
    const earliest = others.reduce((least, closed) => closed.until < least.until ? closed : least, first);
    return { type: "closed", closed: earliest, cursor: writeCursor(this.#cursor) };
  }

  #giveUp(): PipelineEnd {
    const now = this.#options.clock.now();
    const record = recordWithoutFile(this.#cursor, now);
    if (!canHelpToRetry(this.#cursor)) return { type: "finished", record };
    const failure = this.#cursor.failed.at(-1);
    const message = failure
      ? `${failure.resolver}: ${failure.detail}`
      : record.url ?? decisiveReason(this.#cursor);
    const next = forAnotherAttempt(this.#cursor);
    return {
      type: "failed",
      record,
      message,
      cursor: writeCursor(next),
      nextUrl: next.candidates[0]?.url ?? null,
    };
  }

  #storedRecord(candidate: Candidate, file: Extract<Downloaded, { type: "stored" }>): ArtifactRecord {
    return {
      outcome: "done",
      reason: "ok",
      path: this.#path,
      sha256: file.sha256,
      bytes: file.bytes,
      url: candidate.url,
      finalUrl: file.finalUrl,
      resolver: candidate.resolver,
      version: candidate.version,
      license: candidate.license,
      elapsedMs: this.#options.clock.now() - this.#cursor.startedAt,
      tried: attemptsOf(this.#cursor),
    };
  }
}
