import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

/** What can be set for one start of the program. */
export interface StartOptions {
  /** Working directory. @default the test's own */
  readonly cwd?: string;
  /** Variables beside those of the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on standard input. @default nothing */
  readonly stdin?: string;
  /** Deno's own permission flags in place of those of `deno task cli`; the binary has its own baked in. */
  readonly permissions?: readonly string[];
}

/** How a process ended. */
export interface Exit {
  /** The exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** The signal that ended it; `null` if it ended by itself. */
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The repository. */
export const ROOT = new URL("../../", import.meta.url);

/** The compiled program that is to be tested; `undefined` for the program's source. */
export const BINARY = absolute(Deno.env.get("CONTENTDOWNLOAD_BIN"));

/** Says at the start of a name which program a test ran. */
export const PROGRAM_KIND = BINARY === undefined ? "from source" : "as a binary";

/** Runs the program to its end. */
export async function run(args: readonly string[], options: StartOptions = {}): Promise<Exit> {
  return await start(args, options).ended;
}

/** Starts the program. Disposal kills it, if it still runs, and waits for its end. */
export function start(args: readonly string[], options: StartOptions = {}): RunningProgram {
  const [command = "", ...before] = commandOf(options.permissions);
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) void feed(child.stdin, options.stdin);
  return new RunningProgram(child);
}

/** What precedes the program's own arguments. */
function commandOf(permissions: readonly string[] = taskPermissions()): readonly string[] {
  if (BINARY !== undefined) return [BINARY];
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const main = fileURLToPath(new URL("main.ts", ROOT));
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", "--config", config, ...permissions, main];
}

/** The permissions of `deno task cli`. */
function taskPermissions(): readonly string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const command: unknown = tasks?.cli?.command;
  if (typeof command !== "string") throw new Error("Cannot run the program: deno.json has no task cli");
  return command.split(" ").filter((word) => word.startsWith("--allow-"));
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The program may end without having read everything.
  }
}

/** A process of the program. */
export class RunningProgram implements AsyncDisposable {
  readonly pid: number;
  /** Settles when the process has ended and all that it wrote is read. */
  readonly ended: Promise<Exit>;
  readonly #child: Deno.ChildProcess;
  #stdout = "";
  #stderr = "";
  #running = true;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.pid = child.pid;
    this.ended = this.#end();
  }

  /** What it has written to standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Whether it still runs. */
  get running(): boolean {
    return this.#running;
  }

  /** Sends a signal; does nothing if the process has ended. */
  kill(signal: Deno.Signal): void {
    try {
      if (this.#running) this.#child.kill(signal);
    } catch {
      // It ended between the question and the signal.
    }
  }

  /** Waits until standard error matches. */
  async saying(pattern: RegExp, withinMs?: number): Promise<void> {
    await until(
      () => {
        if (pattern.test(this.#stderr)) return true;
        if (this.#running) return false;
        throw new Error(`the program ended without saying ${pattern}: ${this.#stderr}`);
      },
      `the program says ${pattern}`,
      withinMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  async #end(): Promise<Exit> {
    const [status] = await Promise.all([
      this.#child.status.then((status) => {
        this.#running = false;
        return status;
      }),
      read(this.#child.stdout, (text) => this.#stdout += text),
      read(this.#child.stderr, (text) => this.#stderr += text),
    ]);
    return { code: status.code, signal: status.signal, stdout: this.#stdout, stderr: this.#stderr };
  }
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

/** The program is started in directories of the tests' own. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
