import { join } from "node:path";
import { type LittleWeb, littleWebConfig, type Work, writeWorksList } from "../../fixtures/mod.ts";
import { type Exit, run, type RunningProgram, start, type StartOptions } from "./program.ts";

/** Sections of a configuration, merged into those of the little web key by key. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A record as `export` prints it. */
export interface ExportedRecord {
  readonly artifact_id: string;
  readonly outcome: string;
  readonly reason: string;
  readonly path: string | null;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly url: string | null;
  readonly final_url: string | null;
  readonly resolver: string | null;
  readonly license: string | null;
  readonly attempts: number;
  readonly tried: readonly { readonly url: string; readonly resolver: string; readonly reason: string }[];
}

/** Counters as `queue stats --format json` prints them. */
export interface Stats {
  readonly queued: number;
  readonly in_progress: number;
  readonly done: number;
  readonly skipped: number;
  readonly error: number;
  readonly total: number;
  readonly paused: boolean;
}

/** A directory with a configuration, a queue and downloads of its own. Disposal removes it. */
export class Workspace implements AsyncDisposable {
  readonly directory: string;
  /** The configuration file. */
  readonly config: string;
  readonly database: string;
  readonly downloads: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.config = join(directory, "contentdownload.json");
    this.database = join(directory, "state", "workqueue.sqlite");
    this.downloads = join(directory, "downloads");
  }

  /** Makes a workspace whose configuration leads to the little web. */
  static async open(web: Pick<LittleWeb, "origins">, overrides: Overrides = {}): Promise<Workspace> {
    const workspace = new Workspace(await Deno.makeTempDir({ prefix: "contentdownload-e2e-" }));
    await workspace.configure(web, overrides);
    return workspace;
  }

  /** Writes the configuration anew. */
  async configure(web: Pick<LittleWeb, "origins">, overrides: Overrides = {}): Promise<void> {
    const config: Record<string, unknown> = { ...littleWebConfig(web.origins, this.directory) };
    for (const [section, keys] of Object.entries(overrides)) {
      config[section] = { ...Object(config[section]), ...keys };
    }
    // Renamed into place: a program that reads it meanwhile sees one or the other.
    await Deno.writeTextFile(`${this.config}.new`, JSON.stringify(config, null, 2));
    await Deno.rename(`${this.config}.new`, this.config);
  }

  /** Runs a command on this workspace. */
  run(args: readonly string[], options: StartOptions = {}): Promise<Exit> {
    return run([...args, "--config", this.config], { cwd: this.directory, ...options });
  }

  /** Starts a command on this workspace. */
  start(args: readonly string[], options: StartOptions = {}): RunningProgram {
    return start([...args, "--config", this.config], { cwd: this.directory, ...options });
  }

  /** Imports works, and fails if the program does. */
  async import(works: readonly Work[]): Promise<void> {
    const list = join(this.directory, "works.jsonl");
    await writeWorksList(list, works);
    await this.succeed(["queue", "import", list]);
  }

  /** Imports URLs as works of their own. */
  async importUrls(urls: readonly string[]): Promise<void> {
    const list = join(this.directory, "urls.txt");
    await Deno.writeTextFile(list, urls.map((url) => `${url}\n`).join(""));
    await this.succeed(["queue", "import", list]);
  }

  /** Runs a command that must end with 0; gives its standard output. */
  async succeed(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async stats(): Promise<Stats> {
    return JSON.parse(await this.succeed(["queue", "stats", "--format", "json"]));
  }

  /** The exported records by artifact id. */
  async records(): Promise<ReadonlyMap<string, ExportedRecord>> {
    const lines = (await this.succeed(["export"])).split("\n").filter((line) => line !== "");
    return new Map(
      lines.map((line) => JSON.parse(line)).map((record: ExportedRecord) => [record.artifact_id, record]),
    );
  }

  /** Temporary files of downloads. */
  parts(): readonly string[] {
    return listed(join(this.downloads, ".part"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

function listed(directory: string): readonly string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
