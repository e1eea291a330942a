import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, isIP, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { TboxError } from "#support/errors.ts";
import type { DaemonSocket } from "../daemon/socket-path.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Returns a Unix socket that leads to an endpoint. For `tcp` and `ssh` this process listens on one in a private directory and
 * forwards its connections; the directory is removed when the process exits.
 */
export async function openEndpoint(endpoint: Endpoint, address: string): Promise<DaemonSocket> {
  if (endpoint.kind === "unix") {
    const [, directory = "/", name = ""] = /^(.*)\/([^/]*)$/.exec(endpoint.path) ?? [];
    return { directory, name, path: endpoint.path, address };
  }
  const open = endpoint.kind === "ssh" ? () => openSsh(endpoint) : () => openTcp(endpoint, address);
  // This failure is reported; later ones end the client's connection without a reason. ssh prints its own messages.
  if (endpoint.kind === "tcp") (await openTcp(endpoint, address)).destroy();
  const base = process.env.XDG_RUNTIME_DIR || tmpdir();
  const directory = mkdtempSync(`${base}/tbox-proxy-`);
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const name = "proxy.sock";
  const server = createServer({ allowHalfOpen: true }, (client) => void forward(client, open));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(`${directory}/${name}`, resolve);
  });
  server.unref();
  return { directory, name, path: `${directory}/${name}`, address };
}

async function forward(client: Socket, open: () => Duplex | Promise<Duplex>): Promise<void> {
  client.on("error", () => client.destroy());
  try {
    const server = await open();
    server.on("error", () => client.destroy());
    client.once("close", () => server.destroy());
    client.pipe(server).pipe(client);
  } catch {
    client.destroy();
  }
}

function openTcp(endpoint: Extract<Endpoint, { kind: "tcp" }>, address: string): Promise<Duplex> {
  const { host, port, tls } = endpoint;
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const socket = tls
    ? connectTls({
        ...{ host, port, rejectUnauthorized: !tls.skipVerify },
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...{ ca: file(tls.ca), cert: file(tls.cert), key: file(tls.key) },
      })
    : connect({ host, port, allowHalfOpen: true });
  socket.once(tls ? "secureConnect" : "connect", () => resolve(socket));
  socket.once("error", (cause: Error) =>
    reject(new TboxError("unavailable", `cannot connect to the daemon at ${address}: ${cause.message}`)),
  );
  return promise;
}

/** Command on the other host that connects standard input and output with the daemon. */
const remoteProgram =
  "if command -v tbox >/dev/null; then exec tbox system dial-stdio; fi; exec docker system dial-stdio";

function openSsh({ destination, port }: Extract<Endpoint, { kind: "ssh" }>): Duplex {
  const options = ["-o", "ConnectTimeout=30", "-T", ...(port === undefined ? [] : ["-p", String(port)])];
  const child = Bun.spawn(["ssh", ...options, "--", destination, remoteProgram], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = child.stdout.getReader();
  return new Duplex({
    read() {
      void output.read().then(({ value }) => this.push(value ?? null));
    },
    write(chunk, _encoding, done) {
      child.stdin.write(chunk);
      void Promise.resolve(child.stdin.flush()).then(() => done(), done);
    },
    final(done) {
      void Promise.resolve(child.stdin.end()).then(() => done(), done);
    },
    destroy(error, done) {
      child.kill();
      done(error);
    },
  });
}
