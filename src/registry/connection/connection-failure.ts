import { TboxError } from "#support/errors.ts";
import { TemporaryFailure } from "./retry.ts";

/** Returns the error for a request without an answer: a temporary failure, unless a retry cannot help. */
export function connectionFailure(url: URL, proxied: boolean, cause: unknown): TboxError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = reasonOf(code, url);
  const route = proxied ? " through a proxy" : "";
  if (reason !== undefined) return new TboxError("unavailable", `registry ${url.host}${route}: ${reason}`);
  return new TemporaryFailure(`registry ${url.host}: ${fetchErrorText(cause)}`);
}

/** Returns the text of an error of `fetch` without the runtime's advice for programmers. */
export function fetchErrorText(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/\s*(?:For more information|To learn more), pass `verbose: true`.*$/s, "");
}

/** Codes of a certificate that is not accepted. */
const untrusted = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/;

/** Returns whether a TLS connection failed because of the server's certificate. */
export function isCertificateError(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return untrusted.test(code);
}

function reasonOf(code: string, url: URL): string | undefined {
  if (/REFUSED/i.test(code)) return "connection refused";
  if (/NOTFOUND|DNS|ENOENT/i.test(code)) return "no such host";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another name";
  if (/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(code)) return "its certificate is not valid at this time";
  if (untrusted.test(code)) {
    const file = `~/.config/tbox/certs.d/${url.host}/ca.crt`;
    return `its certificate is not trusted (x509: certificate signed by unknown authority): put its authority into ${file}`;
  }
  if (code === "ERR_PROXY_TUNNEL") return "the proxy cannot or will not connect to it";
  if (code === "EPROTO" || /TLS|SSL/.test(code)) {
    return "no TLS connection could be made: it speaks plain http, or wants a certificate of the client";
  }
  return undefined;
}
