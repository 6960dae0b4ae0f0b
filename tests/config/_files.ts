import { join } from "node:path";

/** Calls `use` with a file that holds `text` and is gone afterwards. */
export async function withFile<Result>(
  text: string,
  use: (file: string) => Promise<Result>,
  name = "contentdownload.yaml",
): Promise<Result> {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, name);
    await Deno.writeTextFile(file, text);
    return await use(file);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
