/**
 * A self-signed certificate of `localhost` and 127.0.0.1, and its key. Nothing but these tests trusts it.
 *
 * Made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE`.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUdGl3sY19+sa2ZKJ96NyjncUB52cwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAzNDgzMloYDzIxMjYxMDI4
MDM0ODMyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATOf+hJC5P99hhON41P5pmCgtzXC6taaS1/Y6MMGQGkUtBVR+0p0fZu
Vod/N0tgwWnJsHKN3Pl71PAjl+wad+OQo2wwajAdBgNVHQ4EFgQUp0oFdncdNdQt
hf1yQKLlAM+6tkMwHwYDVR0jBBgwFoAUp0oFdncdNdQthf1yQKLlAM+6tkMwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIgHtQFn48VCIbqWqJMHPx1wndQXl8YAD3GZ13abnV2BugCIQCybmPM
jMZHv2vTMmtc6AasKoQw+C/MwHtbFcqfP+6djg==
-----END CERTIFICATE-----
`;

/** The key of {@linkcode CERTIFICATE}. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgH2yTIlWUzc9MTJvU
6PggRfit9Wj3bdZt0I0mWqaKzMKhRANCAATOf+hJC5P99hhON41P5pmCgtzXC6ta
aS1/Y6MMGQGkUtBVR+0p0fZuVod/N0tgwWnJsHKN3Pl71PAjl+wad+OQ
-----END PRIVATE KEY-----
`;
