/**
 * Validates what a plugin's `resolve` gives back.
 *
 * @module
 */

import { z } from "zod";
import { messageOf } from "../model/errors.ts";
import { ID_KINDS, type IdKind, parseIdentifierOf } from "../model/identifier.ts";
import type { ResolverAnswer } from "../model/resolver.ts";
import { describeIssue } from "./validation.ts";

const MAX_CANDIDATES = 100;
const MAX_URL_CHARS = 4_096;
/** The URLs of logins carry whole documents (SAML 2.0 Bindings §3.4). */
const MAX_PAGE_URL_CHARS = 16_384;
const MAX_LICENSE_CHARS = 300;
const MAX_ID_CHARS = 4_096;

const httpUrl = (maxChars: number) =>
  z.string().max(maxChars).transform((text, context) => {
    const url = URL.parse(text);
    if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url.href;
    context.addIssue(
      `is ${JSON.stringify(text.slice(0, 200))}, which is no absolute http or https URL without credentials`,
    );
    return z.NEVER;
  });

const idOf = (kind: IdKind) =>
  z.string().max(MAX_ID_CHARS).transform((text, context) => {
    try {
      return parseIdentifierOf(kind, text).value;
    } catch (thrown) {
      context.addIssue(`is invalid: ${messageOf(thrown)}`);
      return z.NEVER;
    }
  }).optional();

const answer = z.strictObject({
  candidates: z.array(z.strictObject({
    url: httpUrl(MAX_URL_CHARS),
    kind: z.enum(["pdf", "landing"]),
    version: z.enum(["published", "accepted", "submitted"]).nullable().default(null),
    license: z.string().max(MAX_LICENSE_CHARS).nullable().default(null),
  })).max(MAX_CANDIDATES),
  ids: z.strictObject(Object.fromEntries(ID_KINDS.map((kind) => [kind, idOf(kind)]))).default({}),
  verdict: z.enum(["closed-access", "not-found", "bot-wall", "login-wall"]).optional(),
  // A plugin may give the response itself, of which JSON keeps more than these two.
  page: z.object({ url: httpUrl(MAX_PAGE_URL_CHARS), status: z.number().int().min(100).max(599) }).optional(),
}).superRefine(({ verdict, page }, context) => {
  if (verdict?.endsWith("-wall") && !page) {
    context.addIssue(`has the verdict "${verdict}" without the page that was the wall`);
  }
});

/**
 * Reads a plugin's answer. URLs come out in the form of the URL standard, each once, and ids
 * normalised.
 *
 * @param resolver The plugin's name, which every candidate bears.
 * @param json What it gave back.
 * @returns `failed` with a detail that names plugin and field if anything is not as it must be.
 */
export function readAnswer(resolver: string, json: string): ResolverAnswer {
  const unusable = (why: string): ResolverAnswer => ({
    type: "failed",
    reason: "resolver-failed",
    detail: `Cannot use the answer of plugin "${resolver}": ${why}`,
  });
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    // A plugin can make the bridge send any text, by a `toJSON` of a prototype.
    return unusable("it is no JSON");
  }
  const read = answer.safeParse(given);
  if (!read.success) return unusable(describeIssue(read.error));
  const { candidates, ids, verdict, page } = read.data;
  const seen = new Set<string>();
  const once = candidates.filter(({ url }) => !seen.has(url) && seen.add(url));
  return {
    type: "found",
    candidates: once.map((candidate) => ({ ...candidate, resolver })),
    ids: Object.fromEntries(Object.entries(ids).filter(([, value]) => value !== undefined)),
    ...(verdict === undefined ? {} : { verdict }),
    ...(verdict?.endsWith("-wall") && page ? { page } : {}),
  };
}
