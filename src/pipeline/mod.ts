/**
 * The way of one artifact: resolve → download → verify → store.
 *
 * @module
 */

export {
  createDownload,
  type Download,
  type Downloaded,
  type DownloadOptions,
  type DownloadRequest,
  type DownloadStart,
} from "./download.ts";
export { filePathOf } from "./file_name.ts";
export type { PipelineContext, PipelineEnd, PipelineJob } from "./job.ts";
export type { PartContent, PartFile, PartFileInit } from "./part_file.ts";
export { type PipelineOptions, processArtifact } from "./process.ts";
export { FileStore } from "./store.ts";
export { StoreError, type StoreErrorKind } from "./store_error.ts";
export { type SweepOptions, sweepParts } from "./sweep_parts.ts";
export { tellingWalls } from "./walls.ts";
