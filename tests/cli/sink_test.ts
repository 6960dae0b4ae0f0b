import { equal, rejects } from "node:assert/strict";
import { Sink, type SinkTarget } from "../../src/cli/mod.ts";
import { complain } from "../../src/cli/complain.ts";
import { FatalError } from "../../src/model/errors.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";

/** Takes a few bytes at a time, and none while it is full. */
class Pipe implements SinkTarget {
  text = "";
  full = false;
  failure: Error | null = null;

  writeSync(bytes: Uint8Array): number {
    if (this.failure) throw this.failure;
    if (this.full) throw new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)");
    const taken = bytes.subarray(0, 3);
    this.text += String.fromCharCode(...taken);
    return taken.length;
  }

  isTerminal(): boolean {
    return false;
  }
}

Deno.test("Sink.write() writes all of a text when the target takes parts", async () => {
  const pipe = new Pipe();
  await new Sink(pipe, new VirtualClock()).write("0123456789");
  equal(pipe.text, "0123456789");
});

Deno.test("Sink.write() waits for a slow reader and keeps the order", async () => {
  const pipe = new Pipe();
  const clock = new VirtualClock();
  const sink = new Sink(pipe, clock);
  pipe.full = true;
  const written = Promise.all([sink.write("first "), sink.write("second "), sink.write("third")]);
  await clock.advance(1000);
  equal(pipe.text, "");
  pipe.full = false;
  await clock.advance(1000);
  await written;
  equal(pipe.text, "first second third");
  await sink.write(" fourth");
  equal(pipe.text, "first second third fourth");
});

Deno.test("Sink.write() overtakes nothing that still waits", async () => {
  const pipe = new Pipe();
  const clock = new VirtualClock();
  const sink = new Sink(pipe, clock);
  pipe.full = true;
  const first = sink.write("first ");
  pipe.full = false;
  const second = sink.write("second");
  await clock.advance(1000);
  await Promise.all([first, second]);
  equal(pipe.text, "first second");
});

Deno.test("Sink.write() rejects with ReaderGone when nobody reads any more", async () => {
  const pipe = new Pipe();
  pipe.failure = new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  await rejects(new Sink(pipe, new VirtualClock()).write("text"), { name: "ReaderGone" });
});

Deno.test("Sink.write() rejects with ReaderGone when the reader leaves while we wait", async () => {
  const pipe = new Pipe();
  const clock = new VirtualClock();
  pipe.full = true;
  const written = rejects(new Sink(pipe, clock).write("text"), { name: "ReaderGone" });
  pipe.failure = new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  await clock.advance(1000);
  await written;
});

Deno.test("Sink.write() rejects with FatalError when the disk is full", async () => {
  const pipe = new Pipe();
  pipe.failure = new Error("No space left on device (os error 28)");
  await rejects(new Sink(pipe, new VirtualClock()).write("text"), (error) => {
    equal(error instanceof FatalError, true);
    equal(String(error), "FatalError: Cannot write output: No space left on device (os error 28)");
    return true;
  });
});

Deno.test("Sink.writeLast() minds no reader that has gone, but a disk that is full", async () => {
  const pipe = new Pipe();
  pipe.failure = new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  await new Sink(pipe, new VirtualClock()).writeLast("text");
  pipe.failure = new Error("No space left on device (os error 28)");
  await rejects(new Sink(pipe, new VirtualClock()).writeLast("text"), FatalError);
});

Deno.test("complain() shows what a terminal would obey, and minds nobody who does not read", async () => {
  const pipe = new Pipe();
  await complain(new Sink(pipe, new VirtualClock()), "no \x1b[31m here\nnor \u2066 here");
  equal(pipe.text, "contentdownload: no \\x1b[31m here\ncontentdownload: nor \\u2066 here\n");
  pipe.failure = new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  await complain(new Sink(pipe, new VirtualClock()), "text");
});
