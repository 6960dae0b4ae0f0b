import { deepEqual, equal } from "node:assert/strict";
import { explainFileError } from "../../src/cli/file_error.ts";
import { FatalError, InputError } from "../../src/model/errors.ts";

Deno.test("explainFileError() names the file, whose fault it is and what mends it", () => {
  const { NotFound, IsADirectory, NotADirectory, AlreadyExists, PermissionDenied, NotCapable } = Deno.errors;
  const full = `Cannot write "a": the disk is full; free some space and start again`;
  const cases: [error: Error, doing: "read" | "write", says: string, name: string][] = [
    [new NotFound(), "read", `Cannot read "a": there is no such file`, "InputError"],
    [new NotFound(), "write", `Cannot write "a": its directory does not exist`, "InputError"],
    [new IsADirectory(), "write", `Cannot write "a": it is a directory`, "InputError"],
    [new Error("Is a directory (os error 21)"), "read", `Cannot read "a": it is a directory`, "InputError"],
    [new NotADirectory(), "read", `Cannot read "a": a part of its path is a file`, "InputError"],
    [new AlreadyExists(), "write", `Cannot write "a": it exists already`, "InputError"],
    [new PermissionDenied(), "read", `Cannot read "a": permission denied by the system`, "FatalError"],
    [
      new NotCapable("Requires read access"),
      "read",
      `Cannot read "a": Requires read access`,
      "InputError",
    ],
    [new Error("ENOSPC: no space left on device"), "write", full, "FatalError"],
    [new Error("Auf dem Gerät ist kein Speicherplatz mehr (os error 28)"), "write", full, "FatalError"],
    [new Error("odd"), "write", `Cannot write "a": odd`, "FatalError"],
  ];
  for (const [error, doing, says, name] of cases) {
    const explained = explainFileError(error, doing, "a");
    deepEqual([explained.message, explained.name, explained.cause], [says, name, error]);
  }
});

Deno.test("explainFileError() leaves alone what was explained before", () => {
  for (const error of [new InputError("one"), new FatalError("two")]) {
    equal(explainFileError(error, "read", "a"), error);
  }
});
