/**
 * Makes QuickJS instances whose memory another thread can destroy.
 *
 * A busy loop inside WebAssembly that never reaches QuickJS's interrupt check (`new Array(2 ** 32 - 1).indexOf(1)`
 * takes minutes in one C loop) cannot be stopped from outside: ending a Deno worker does not end such a loop, and
 * its thread would burn a core until the process ends. So the instance's memory is made *shared*, and whoever holds
 * it can overwrite it: the loop then reads a pointer that leads out of the memory, which is a trap.
 *
 * The QuickJS build imports its memory as not shared, so one flag of its import section is changed before it is
 * compiled. That flag only widens what may be linked; the code is the same.
 *
 * @module
 */

import baseVariant from "@jitl/quickjs-singlefile-mjs-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSWASMModule } from "quickjs-emscripten-core";

/** What the QuickJS build declares as its least memory, in pages. */
const INITIAL_PAGES = 256;
const PAGE_BYTES = 64 * 1024;
/** WebAssembly core specification 5.5.5 (import section) and 5.3.6 (limits); `SHARED` is the threads proposal's. */
const IMPORT_SECTION = 2;
const KIND_FUNCTION = 0;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;
const LIMITS_WITH_MAXIMUM = 1;
const LIMITS_SHARED = 3;

let compiled: Promise<WebAssembly.Module> | undefined;

/** A QuickJS instance and its memory. */
export interface QuickJs {
  readonly module: QuickJSWASMModule;
  readonly memory: WebAssembly.Memory;
}

/** Compiles the build, which costs some 50 ms, so that the first instance need not wait for it. */
export async function prepareQuickJs(): Promise<void> {
  await (compiled ??= compileWithSharedMemory());
}

/** Makes an instance, in a few milliseconds once the build is compiled. */
export async function newQuickJs(memoryBytes: number): Promise<QuickJs> {
  const memory = new WebAssembly.Memory({
    initial: INITIAL_PAGES,
    maximum: Math.floor(memoryBytes / PAGE_BYTES),
    shared: true,
  });
  const wasmModule = await (compiled ??= compileWithSharedMemory());
  const module = await newQuickJSWASMModuleFromVariant(
    newVariant(baseVariant, { wasmModule, wasmMemory: memory }),
  );
  return { module, memory };
}

async function compileWithSharedMemory(): Promise<WebAssembly.Module> {
  const bytes = await takeWasmBytes();
  bytes[memoryLimitsAt(bytes)] = LIMITS_SHARED;
  return await WebAssembly.compile(bytes);
}

/** The build is one JavaScript file that keeps its WebAssembly to itself: it shows when it is first instantiated. */
async function takeWasmBytes(): Promise<Uint8Array<ArrayBuffer>> {
  const { instantiate } = WebAssembly;
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  try {
    WebAssembly.instantiate = (source: BufferSource | WebAssembly.Module) => {
      if (!(source instanceof WebAssembly.Module)) resolve(copyOf(source));
      return new Promise<never>(() => {});
    };
    // This one never comes to be; its bytes are all that is wanted.
    newQuickJSWASMModuleFromVariant(baseVariant);
    return await promise;
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

function copyOf(source: BufferSource): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength))
    : new Uint8Array(source.slice(0));
}

/** Where the flag of the imported memory's limits stands. */
function memoryLimitsAt(bytes: Uint8Array): number {
  const reader = new WasmReader(bytes);
  reader.skip(8);
  for (;;) {
    const section = reader.byte();
    const size = reader.number();
    if (section === IMPORT_SECTION) break;
    reader.skip(size);
  }
  for (let left = reader.number(); left > 0; left--) {
    reader.skip(reader.number());
    reader.skip(reader.number());
    const kind = reader.byte();
    if (kind === KIND_MEMORY) {
      const found = reader.at;
      if (reader.byte() === LIMITS_WITH_MAXIMUM) return found;
      break;
    }
    if (kind === KIND_FUNCTION) reader.number();
    else if (kind === KIND_TABLE) reader.skip(1).limits();
    else reader.skip(2);
  }
  throw new TypeError("Cannot prepare QuickJS: its build imports no memory with a maximum");
}

/** Reads a WebAssembly binary from its start. */
class WasmReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new TypeError("Cannot prepare QuickJS: its WebAssembly ends too early");
    return byte;
  }

  /** An unsigned number in LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  skip(count: number): this {
    this.at += count;
    return this;
  }

  limits(): void {
    const flag = this.byte();
    this.number();
    if (flag === LIMITS_WITH_MAXIMUM) this.number();
  }
}
