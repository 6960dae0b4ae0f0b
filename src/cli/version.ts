/** The program's version; that of `deno.json`, which a compiled program does not hold. */
export const VERSION = "0.1.0";
