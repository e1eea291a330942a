import { invalidArgument } from "#support/errors.ts";

/** Files and rules of a TLS connection. */
export interface TlsOptions {
  /** Paths of PEM files. */
  ca?: string;
  cert?: string;
  key?: string;
  /** Whether any certificate of the server is accepted. */
  skipVerify: boolean;
}

/** Address of a daemon. */
export type Endpoint =
  | { kind: "unix"; path: string }
  | { kind: "tcp"; host: string; port: number; tls?: TlsOptions }
  /** `destination` is the argument of ssh(1): `user@host` or `host`. */
  | { kind: "ssh"; destination: string; port?: number };

const defaultPorts = { plain: 2375, tls: 2376 };

/** Parses `unix://PATH`, `tcp://HOST[:PORT]` or `ssh://[USER@]HOST[:PORT]`. Throws invalid-argument for other addresses. */
export function parseEndpoint(text: string, tls?: TlsOptions): Endpoint {
  const [, scheme = "", rest = ""] = /^(?:([a-z]+):\/\/)?(.+)$/.exec(text) ?? [];
  if (scheme === "unix" || (scheme === "" && rest.startsWith("/"))) {
    if (!rest.startsWith("/")) throw invalid(text, "the path of the socket must be absolute");
    return { kind: "unix", path: rest };
  }
  if (scheme === "tcp" || scheme === "") return parseTcp(text, rest, tls);
  if (scheme === "ssh") return parseSsh(text);
  throw invalid(text, "use unix://PATH, tcp://HOST:PORT or ssh://USER@HOST");
}

function parseTcp(text: string, rest: string, tls: TlsOptions | undefined): Endpoint {
  const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^:/]*))(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) throw invalid(text, "use tcp://HOST:PORT");
  const port = digits === undefined ? (tls ? defaultPorts.tls : defaultPorts.plain) : Number(digits);
  return { kind: "tcp", host: host || "127.0.0.1", port, ...(tls ? { tls } : {}) };
}

function parseSsh(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") throw invalid(text, "use ssh://USER@HOST");
  if (url.password !== "") throw invalid(text, "a password in the address is not supported, use a key");
  if (url.pathname !== "" && url.pathname !== "/") {
    throw invalid(text, "a path is not supported, the other host's command `tbox` finds the socket");
  }
  const destination = `${url.username === "" ? "" : `${decodeURIComponent(url.username)}@`}${url.hostname}`;
  // A destination that begins with a hyphen would be an option of ssh.
  if (destination.startsWith("-")) throw invalid(text, "use ssh://USER@HOST");
  return { kind: "ssh", destination, ...(url.port === "" ? {} : { port: Number(url.port) }) };
}

function invalid(text: string, hint: string): Error {
  return invalidArgument(`invalid address of a daemon: ${JSON.stringify(text)}: ${hint}`);
}
