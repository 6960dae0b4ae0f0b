/**
 * One plugin inside its own QuickJS instance. Runs in the sandbox worker.
 *
 * @module
 */

import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import type { BoundBroken, SandboxBounds } from "./bounds.ts";
import { CallBook, type GuestPort } from "./call_book.ts";
import { GuestBroke } from "./guest_broke.ts";
import { type GuestEntries, installCalls } from "./guest_calls.ts";
import { describeThrown, isOutOfMemory } from "./guest_error.ts";
import { installGlobals } from "./guest_globals.ts";
import { serveGuest } from "./guest_services.ts";
import type { GuestError } from "./messages.ts";
import { newQuickJs, type QuickJs } from "./quickjs_wasm.ts";

/**
 * The share of its memory from which a guest counts as out of it. The allocator asks for more than it needs, so its
 * last steps are refused: measured, 30.6 of 32 MiB and 63.4 of 64 MiB were as far as it got.
 */
const FULL_SHARE = 15 / 16;
/** What JSON makes of one character at most: `\u0001`. */
const MAX_ESCAPE = 6;
/** Microtasks between two looks at the clock: some take long without reaching an interrupt check. */
const JOBS_PER_LOOK = 64;

/** Options of {@link Guest.create}. */
export interface GuestOptions {
  readonly bounds: SandboxBounds;
  readonly port: GuestPort;
  /** A monotonic clock in milliseconds. The interrupt handler must read it amid a busy loop, so no timer will do. */
  readonly nowMs: () => number;
}

/**
 * A guest is fresh until `load`, then takes calls until it breaks a bound; from then on every entry throws. It is
 * never disposed: a broken heap cannot be trusted to free itself, so the whole WebAssembly instance is let go.
 */
export class Guest {
  /** Its memory, shared with whoever may have to destroy it. */
  readonly memory: WebAssembly.Memory;
  readonly #bounds: SandboxBounds;
  readonly #nowMs: () => number;
  readonly #runtime: QuickJSRuntime;
  readonly #vm: QuickJSContext;
  readonly #calls: CallBook;
  #entries: { readonly [name in keyof GuestEntries]: QuickJSHandle } | undefined;
  #file = "";
  #deadlineMs = 0;
  #broke: GuestBroke | undefined;

  /** Makes a guest with its own bounded memory. */
  static async create(options: GuestOptions): Promise<Guest> {
    return new Guest(options, await newQuickJs(options.bounds.memoryBytes));
  }

  private constructor(options: GuestOptions, { memory, module }: QuickJs) {
    const runtime = module.newRuntime();
    this.memory = memory;
    this.#bounds = options.bounds;
    this.#calls = new CallBook(options.bounds, options.port);
    this.#nowMs = options.nowMs;
    this.#runtime = runtime;
    runtime.setMaxStackSize(this.#bounds.stackBytes);
    runtime.setInterruptHandler(() => this.#isBroken());
    runtime.setModuleLoader(
      (name) => ({
        error: new Error(`Cannot import "${name}": a plugin is one file and may only import types`),
      }),
      (_base, name) => name,
    );
    this.#vm = runtime.newContext();
  }

  /**
   * Evaluates a plugin and gives its manifest as JSON, or what it threw.
   *
   * @throws {GuestBroke} If it broke a bound.
   */
  load(file: string, code: string): { readonly manifest: string } | { readonly error: GuestError } {
    this.#file = file;
    return this.#enter(() => {
      const vm = this.#vm;
      const askWorker = vm.newFunction("askWorker", (op, json) => this.#answer(op, json));
      vm.unwrapResult(this.#install(installGlobals.toString(), askWorker)).dispose();
      const entries = vm.unwrapResult(this.#install(installCalls.toString(), askWorker));
      const entry = (name: keyof GuestEntries) => vm.getProp(entries, name);
      this.#entries = {
        adopt: entry("adopt"),
        call: entry("call"),
        settle: entry("settle"),
        drop: entry("drop"),
        describe: entry("describe"),
      };
      const evaluated = vm.evalCode(code, file, { type: "module" });
      if (evaluated.error) return { error: this.#describe(evaluated.error) };
      const adopted = vm.callFunction(this.#entries.adopt, vm.undefined, evaluated.value);
      if (adopted.error) return { error: this.#describe(adopted.error) };
      return { manifest: this.#textOf(adopted.value, this.#bounds.answerChars, "answer-size") };
    });
  }

  /** Starts a call. @throws {GuestBroke} If the guest broke a bound. */
  call(call: number, input: string): void {
    this.#calls.open(call);
    this.#enter(() => this.#invoke("call", call, input));
  }

  /** Settles a fetch of a call. @throws {GuestBroke} If the guest broke a bound. */
  settle(call: number, fetch: number, result: string, body: string): void {
    if (!this.#calls.settle(call, fetch, body)) return;
    this.#enter(() => this.#invoke("settle", call, fetch, result));
  }

  /** Forgets a call. @throws {GuestBroke} If the guest broke a bound. */
  drop(call: number): void {
    if (!this.#calls.drop(call)) return;
    this.#enter(() => this.#invoke("drop", call));
  }

  #install(source: string, askWorker: QuickJSHandle): ReturnType<QuickJSContext["callFunction"]> {
    const install = this.#vm.unwrapResult(this.#vm.evalCode(`(${source})`, "sandbox.js"));
    return this.#vm.callFunction(install, this.#vm.undefined, askWorker);
  }

  #invoke(entry: "call" | "settle" | "drop", ...args: readonly (number | string)[]): void {
    const vm = this.#vm;
    if (!this.#entries) throw new TypeError(`Cannot ${entry}: the guest is not loaded`);
    const handles = args.map((arg) => typeof arg === "number" ? vm.newNumber(arg) : vm.newString(arg));
    const result = vm.callFunction(this.#entries[entry], vm.undefined, ...handles);
    for (const handle of handles) handle.dispose();
    if (!result.error) return result.value.dispose();
    throw this.#outsideOfPlugin(result.error);
  }

  /** What a plugin throws ends in a promise; only what the interpreter itself gives up on gets out of a job or an entry. */
  #outsideOfPlugin(thrown: QuickJSHandle): GuestBroke {
    const error = this.#describe(thrown);
    return new GuestBroke(isOutOfMemory(error) ? "memory" : "crash", error.message);
  }

  /** Runs `work` and the microtasks it leads to, within the bounds. The only way into the guest. */
  #enter<T>(work: () => T): T {
    if (this.#broke) throw this.#broke;
    this.#deadlineMs = this.#nowMs() + this.#bounds.entryCpuMs;
    try {
      const result = work();
      this.#runJobs();
      this.#checkBounds();
      this.#calls.failStuck();
      return result;
    } catch (thrown) {
      // A trap of the WebAssembly instance, such as a stack overflow of the host's, leaves the heap as it was amid.
      this.#checkBounds();
      this.#broke = thrown instanceof GuestBroke ? thrown : new GuestBroke("crash", String(thrown));
      throw this.#broke;
    }
  }

  #runJobs(): void {
    while (this.#runtime.hasPendingJob()) {
      const ran = this.#runtime.executePendingJobs(JOBS_PER_LOOK);
      this.#checkBounds();
      if (ran.error) throw this.#outsideOfPlugin(ran.error);
    }
  }

  #checkBounds(): void {
    if (this.#isBroken()) throw this.#broke;
  }

  /**
   * Looks at the clock and the memory. What is found stays: an async function turns an interruption into a mere
   * rejection, after which the plugin goes on.
   */
  #isBroken(): boolean {
    if (this.#broke) return true;
    const { entryCpuMs, memoryBytes } = this.#bounds;
    if (this.memory.buffer.byteLength > FULL_SHARE * memoryBytes) {
      this.#broke = new GuestBroke("memory", `it used up its ${memoryBytes} bytes of memory`);
    } else if (this.#nowMs() > this.#deadlineMs) {
      this.#broke = new GuestBroke(
        "cpu",
        `it computed for more than ${entryCpuMs} ms without giving control back`,
      );
    }
    return this.#broke !== undefined;
  }

  #describe(thrown: QuickJSHandle): GuestError {
    const vm = this.#vm;
    if (!this.#entries) return { name: "", message: "the plugin could not be prepared" };
    const described = vm.callFunction(this.#entries.describe, vm.undefined, thrown);
    thrown.dispose();
    if (described.error) return { name: "InternalError", message: "out of memory" };
    return describeThrown(
      this.#textOf(described.value, this.#bounds.answerChars, "message-size"),
      this.#file,
    );
  }

  /** The text of a guest's string, whose length is looked at before it is copied out. */
  #textOf(handle: QuickJSHandle, maxChars: number, bound: BoundBroken): string {
    const vm = this.#vm;
    if (vm.typeof(handle) !== "string") {
      return this.#break("crash", "it gave something other than text to the bridge");
    }
    const length = vm.getProp(handle, "length").consume((value) => vm.getNumber(value));
    if (length > maxChars) {
      return this.#break(bound, `it handed over ${length} characters where ${maxChars} are allowed`);
    }
    return vm.getString(handle);
  }

  /** Marks the guest as broken and unwinds to {@link #enter}; inside the guest nothing catches it for long. */
  #break(bound: BoundBroken, detail: string): never {
    this.#broke ??= new GuestBroke(bound, detail);
    throw this.#broke;
  }

  /** Answers the guest; a bound that it broke stays known although the interpreter makes an error of what is thrown. */
  #serve(op: string, args: readonly unknown[]): unknown {
    try {
      return serveGuest(op, args, { bounds: this.#bounds, calls: this.#calls, file: this.#file });
    } catch (thrown) {
      if (thrown instanceof GuestBroke) this.#broke ??= thrown;
      throw thrown;
    }
  }

  /** Serves `askWorker`. */
  #answer(op: QuickJSHandle, json: QuickJSHandle): QuickJSHandle {
    const name = this.#textOf(op, 32, "message-size");
    const text = this.#textOf(json, MAX_ESCAPE * this.#bounds.textChars, "message-size");
    const args: readonly unknown[] = JSON.parse(text);
    this.#checkBounds();
    const startedMs = this.#nowMs();
    const answer = JSON.stringify(this.#serve(name, args));
    // Not the plugin's time: a page may take long to read whoever asks.
    this.#deadlineMs += this.#nowMs() - startedMs;
    return this.#vm.newString(answer);
  }
}
