/**
 * The name by which a host is limited.
 *
 * @module
 */

/**
 * Names the host of a URL, so that all spellings of one host share one limit group: lower case, the port only
 * if it is not the scheme's own, no trailing dot (`example.org.` is `example.org`), IPv6 in brackets.
 *
 * @param url An absolute URL with a host.
 * @returns Such as `example.org`, `127.0.0.1:8080` or `[::1]:9000`.
 * @throws {TypeError} If `url` cannot be parsed or names no host.
 */
export function hostKey(url: string | URL): string {
  if (typeof url === "string" && !URL.canParse(url)) {
    throw new TypeError(`Cannot name the host: "${url}" is not an absolute URL`);
  }
  const { hostname, port, href } = new URL(url);
  const host = hostname.replace(/\.+$/, "");
  if (host === "") throw new TypeError(`Cannot name the host: "${href}" has none`);
  return port === "" ? host : `${host}:${port}`;
}
