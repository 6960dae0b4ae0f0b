import { readLimitHeaders } from "../limits/mod.ts";
import type { BodyReader } from "./body_reader.ts";
import type { LimitSign } from "./http_client.ts";

/** Whether an answer refuses by rate, and what its body says of that. */
export interface Refusal {
  readonly limited: boolean;
  readonly message?: string;
}

/** Errors in whose place some APIs should have sent 429: Unpaywall 422, OpenAlex 403. */
const AMBIGUOUS: ReadonlySet<number> = new Set([400, 403, 422, 503]);

const MAX_PEEK_BYTES = 64 * 1024;
const MAX_MESSAGE_CHARS = 500;

/**
 * Judges an answer as the limit groups will, so that a job is held exactly if they close.
 *
 * @param refusals Signs of the API that was asked; without them no body is looked at.
 */
export async function refusalOf(
  { status, headers }: Response,
  body: BodyReader,
  nowMs: number,
  refusals: readonly LimitSign[] | undefined,
): Promise<Refusal> {
  // An archive that replays a refusal refuses nothing itself (RFC 7089 §2.1.1).
  if (status < 400 || headers.has("memento-datetime")) return { limited: false };
  const signs = refusals?.filter((sign) => sign.status === status) ?? [];
  if (refusals === undefined || !(signs.length > 0 || AMBIGUOUS.has(status))) {
    return { limited: readLimitHeaders(headers, status, nowMs).limited };
  }
  const text = await body.peekText(MAX_PEEK_BYTES);
  const lower = text.toLowerCase();
  if (signs.some(({ bodyIncludes = "" }) => lower.includes(bodyIncludes.toLowerCase()))) {
    // The plugin's declaration says what the text need not: the groups learn it in words that they know.
    return { limited: true, message: `Rate limit: ${messageIn(text)}` };
  }
  const message = messageIn(text);
  return { limited: readLimitHeaders(headers, status, nowMs, message).limited, message };
}

/** The message of an error body: that of a JSON object, or the text itself if it is no page. */
function messageIn(text: string): string {
  const field = /"(?:message|error|detail|msg)"\s*:\s*"((?:[^"\\]|\\.){1,500})/.exec(text)?.[1];
  return (field ?? (/^\s*</.test(text) ? "" : text)).slice(0, MAX_MESSAGE_CHARS);
}
