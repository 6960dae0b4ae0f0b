/**
 * The program in this process, with streams of the test's own.
 *
 * @module
 */

import { main, Sink, type SinkTarget } from "../../src/cli/mod.ts";
import type { Clock } from "../../src/model/ports.ts";
import { SeededRandom, SystemClock } from "../../src/runtime/mod.ts";

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test may hand in. */
export interface ProgramOptions {
  /** Text, or the pieces in which it comes. */
  readonly stdin?: string | readonly string[];
  readonly terminal?: boolean;
  readonly clock?: Clock;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A directory of a test's own, with an empty configuration, and the program that works in it. */
export class Program implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "contentdownload-cli-" });

  constructor() {
    this.write("empty.json", "{}");
  }

  /** Path of a file in the directory. */
  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  write(name: string, text: string): string {
    Deno.writeTextFileSync(this.path(name), text);
    return this.path(name);
  }

  /** Runs a command on the directory's database, with its configuration where `args` name no other. */
  run(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    const config = args.includes("--config") ? [] : ["--config", this.path("empty.json")];
    const db = args.includes("--db") ? [] : ["--db", this.path("queue.sqlite")];
    return this.runBare([...config, ...db, ...args], options);
  }

  /** Runs exactly this command line. */
  async runBare(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    const clock = options.clock ?? new SystemClock();
    const [stdout, stderr] = [new Captured(options.terminal), new Captured(options.terminal)];
    const code = await main(args, {
      stdin: () => ReadableStream.from([options.stdin ?? ""].flat()).pipeThrough(new TextEncoderStream()),
      stdout: new Sink(stdout, clock),
      stderr: new Sink(stderr, clock),
      clock,
      random: new SeededRandom(1),
      environment: options.environment ?? {},
    });
    return { code, stdout: stdout.text, stderr: stderr.text.replaceAll(`${this.directory}/`, "") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** Keeps what is written. */
class Captured implements SinkTarget {
  readonly #decoder = new TextDecoder();
  readonly #terminal: boolean;
  text = "";

  constructor(terminal = false) {
    this.#terminal = terminal;
  }

  writeSync(bytes: Uint8Array): number {
    this.text += this.#decoder.decode(bytes, { stream: true });
    return bytes.length;
  }

  isTerminal(): boolean {
    return this.#terminal;
  }
}
