import type { Reason } from "../../model/reason.ts";
import type { Connection } from "./connection.ts";
import { integer, text } from "./row.ts";
import * as sql from "./statements.ts";
import type { Write } from "./write.ts";

/**
 * Queues failed jobs again; gives how many. Page by page, so that a run that works on the same file waits for a few
 * milliseconds only.
 *
 * @param write Runs one durable write.
 */
export async function retryFailed(
  connection: Connection,
  { reason, maxAttempts = Infinity }: { readonly reason?: Reason; readonly maxAttempts?: number },
  write: <T>(work: (write: Write) => T) => Promise<T>,
): Promise<number> {
  let revived = 0;
  for (let afterId = 0;;) {
    const last: number | null = await write((change) => {
      const rows = connection.statement(sql.FAILED_JOBS).all(afterId);
      for (const row of rows) {
        const why = text(row, "reason");
        if ((reason !== undefined && why !== reason) || integer(row, "attempts") >= maxAttempts) continue;
        change.revive(integer(row, "id"), text(row, "artifact_id"), integer(row, "lane"), why);
        revived++;
      }
      const lastRow = rows.at(-1);
      return lastRow ? integer(lastRow, "id") : null;
    });
    if (last === null) return revived;
    afterId = last;
  }
}
