/**
 * The least that a downloader in Deno can do: fetch, hash, write, sync and rename, 32 at once, with nothing remembered.
 *
 * @module
 */

import { createHash } from "node:crypto";

const [origin = "", out = "", files = "0", workers = "0"] = Deno.args;
const client = Deno.createHttpClient({ http2: false });
let next = 0;

async function work(): Promise<void> {
  for (let n = next++; n < Number(files); n = next++) {
    const hash = createHash("sha256");
    const part = `${out}/${n}.part`;
    using file = await Deno.open(part, { write: true, createNew: true });
    const { body } = await fetch(`${origin}/${n}.pdf`, { client });
    for await (const chunk of body ?? []) {
      hash.update(chunk);
      file.writeSync(chunk);
    }
    hash.digest("hex");
    await file.sync();
    Deno.renameSync(part, `${out}/${n}.pdf`);
  }
}

await Promise.all(Array.from({ length: Number(workers) }, work));
