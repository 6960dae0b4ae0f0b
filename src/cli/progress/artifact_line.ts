/**
 * One artifact that ended, in one line.
 *
 * @module
 */

import { REASONS } from "../../model/reason.ts";
import { printable } from "../render/printable.ts";
import { formatBytes } from "../render/units.ts";
import type { Finished } from "./run_tally.ts";

/** Such as `done     doi:10.1234/x  doi/10.1234/x.pdf  (213 kB, unpaywall)`. */
export function artifactLine({ artifactId, outcome, reason, path, bytes, resolver }: Finished): string {
  const start = `${outcome.padEnd(8)} ${artifactId}  `;
  if (path === null) return printable(`${start}${reason}: ${REASONS[reason].text}`);
  const details = [
    bytes === null ? "" : formatBytes(bytes),
    resolver ?? "",
    reason === "already-have" ? "already there" : "",
  ];
  return printable(`${start}${path}  (${details.filter((detail) => detail !== "").join(", ")})`);
}
