import { createSign } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import type { Credentials } from "./registry.ts";

/** A token server for Debian's docker-registry: grants everything to one user, and pulls to anyone. */
export interface TokenServer extends AsyncDisposable {
  realm: string;
  /** Requested scopes, with the user. */
  asked: string[];
}

export const service = "tests";
export const issuer = "the tests";

export function startTokenServer(certificate: Certificate, me: Credentials): TokenServer {
  const asked: string[] = [];
  const basic = Buffer.from(`${me.username}:${me.password}`).toString("base64");
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: certificate,
    fetch(request) {
      const scopes = new URL(request.url).searchParams.getAll("scope");
      const authorization = request.headers.get("Authorization");
      const known = authorization === `Basic ${basic}`;
      if (authorization !== null && !known) return new Response("{}", { status: 401 });
      const user = known ? me.username : "";
      asked.push(...scopes.map((scope) => `${user}@${scope}`));
      const access = scopes.flatMap((scope) => accessTo(scope, known));
      return Response.json({ token: sign(certificate, user, access), expires_in: 300 });
    },
  });
  return {
    realm: `https://127.0.0.1:${server.port}/token`,
    asked,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function accessTo(scope: string, everything: boolean) {
  const [, type, name, list = ""] = /^(\w+):(.+):([\w,*]+)$/.exec(scope) ?? [];
  const actions = list.split(",").filter((action) => everything || action === "pull");
  return type === undefined ? [] : [{ type, name, actions }];
}

function sign({ cert, key }: Certificate, subject: string, access: unknown[]): string {
  const now = Math.floor(Date.now() / 1000);
  const der = cert.replace(/-----[^-]+-----|\s/g, "");
  const claims = {
    iss: issuer,
    sub: subject,
    aud: service,
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: "1",
    access,
  };
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ typ: "JWT", alg: "ES256", x5c: [der] })}.${encode(claims)}`;
  const signature = createSign("SHA256").update(signed).sign({ key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}
