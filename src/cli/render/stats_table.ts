/**
 * Counters for people.
 *
 * @module
 */

import { isReason, REASONS } from "../../model/reason.ts";
import { JOB_STATES, type QueueStats } from "../../queue/mod.ts";
import { formatTable } from "./table.ts";
import { formatCount } from "./units.ts";

/** Jobs by state, then finished ones by reason. */
export function statsTable(stats: QueueStats, maxColumns: number | null): string {
  const states = [...JOB_STATES.map((state) => [state, formatCount(stats.states[state])])];
  const count = { title: "JOBS", align: "right" } as const;
  const parts = [
    formatTable([{ title: "STATE" }, count], [...states, ["total", formatCount(stats.total)]], maxColumns),
  ];
  if (Object.keys(stats.reasons).length > 0) parts.push(reasonsTable(stats.reasons, maxColumns));
  if (stats.paused) parts.push('The queue is paused; "contentdownload queue resume" lets it go on.\n');
  return parts.join("\n");
}

/** Finished jobs by reason, each with what it means. */
export function reasonsTable(reasons: Readonly<Record<string, number>>, maxColumns: number | null): string {
  const rows = Object.entries(reasons).map(([reason, count]) => {
    const meaning = isReason(reason) ? REASONS[reason] : null;
    return [reason, formatCount(count), meaning?.outcome ?? "", meaning?.text ?? ""];
  });
  const columns = [
    { title: "REASON" },
    { title: "JOBS", align: "right" as const },
    { title: "OUTCOME" },
    { title: "MEANING" },
  ];
  return formatTable(columns, rows, maxColumns);
}
