/**
 * The way of one artifact: resolve → download → verify → store.
 *
 * @module
 */

export { createDownload } from "./download.ts";
export type { Download, Downloaded, DownloadOptions, DownloadRequest, DownloadStart } from "./downloaded.ts";
export { filePathOf } from "./file_name.ts";
export type { PipelineContext, PipelineEnd, PipelineJob } from "./job.ts";
export type { PipelineOptions } from "./options.ts";
export type { PartContent, PartFile, PartFileInit } from "./part_file.ts";
export { processArtifact } from "./process.ts";
export { FileStore } from "./store.ts";
export { StoreError, type StoreErrorKind } from "./store_error.ts";
export { type SweepOptions, sweepParts } from "./sweep_parts.ts";
export { tellingWalls } from "./walls.ts";
