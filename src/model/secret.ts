/**
 * Which names stand for secrets.
 *
 * @module
 */

/** What is shown in place of a secret. */
export const REDACTED = "***";

const SECRET_NAME = /key|token|secret|password|authorization|cookie/i;

/** Whether a setting, field, header or query parameter of this name may hold a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** `text` with the values of secret query parameters, as in `?api_key=…`, replaced. */
export function redactQuery(text: string): string {
  return text.replace(
    /([?&])([^\s=&#?"]{1,100})=([^\s&#"]+)/g,
    (whole, mark: string, name: string) => isSecretName(name) ? `${mark}${name}=${REDACTED}` : whole,
  );
}
