export interface Certificate {
  cert: string;
  key: string;
}

/** Returns a self-signed certificate for these names and 127.0.0.1. */
export function selfSigned(...names: string[]): Certificate {
  const alternatives = [...names.map((name) => `DNS:${name}`), "IP:127.0.0.1"].join(",");
  const { stdout } = Bun.spawnSync([
    ..."openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ...["-subj", "/CN=test", "-addext", `subjectAltName=${alternatives}`, "-keyout", "-", "-out", "-"],
  ]);
  const text = stdout.toString();
  const part = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----[\\s\\S]*?-----END ${name}-----`).exec(text)?.[0] ?? "";
  return { cert: part("CERTIFICATE"), key: part("PRIVATE KEY") };
}
