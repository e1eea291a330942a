import { isIPv4, type Socket } from "node:net";
import { TboxError } from "#support/errors.ts";
import { nextChunk } from "./next-chunk.ts";

const version = 5;
const passwordVersion = 1;
const methods = { none: 0, password: 2 };
const addressTypes = { ipv4: 1, name: 3, ipv6: 4 };
const connectCommand = 1;

/**
 * Has a SOCKS 5 proxy (RFC 1928, RFC 1929) connect a socket to a host; the proxy resolves the name. Gives what
 * the host has said already.
 */
export async function dialSocks(
  socket: Socket,
  proxy: URL,
  { host, port }: { host: string; port: number },
): Promise<Buffer> {
  let buffered = Buffer.alloc(0);
  const read = async (length: number) => {
    while (buffered.length < length) buffered = Buffer.concat([buffered, await nextChunk(socket)]);
    const taken = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    return taken;
  };
  const refuse = (reason: string) => new TboxError("unavailable", `SOCKS proxy ${proxy.host}: ${reason}`);

  const offered = proxy.username === "" ? [methods.none] : [methods.none, methods.password];
  socket.write(Buffer.from([version, offered.length, ...offered]));
  const [, method] = await read(2);
  if (method === methods.password && offered.includes(methods.password)) {
    socket.write(Buffer.concat([Buffer.from([passwordVersion]), ...credentialsOf(proxy).map(counted)]));
    const [, status] = await read(2);
    if (status !== 0) throw refuse("it refuses the user and password");
  } else if (method !== methods.none) throw refuse("it wants another way of authentication");

  const ports = Buffer.from([port >> 8, port & 0xff]);
  const address = isIPv4(host)
    ? Buffer.from([addressTypes.ipv4, ...host.split(".").map(Number)])
    : Buffer.concat([Buffer.from([addressTypes.name]), counted(host)]);
  socket.write(Buffer.concat([Buffer.from([version, connectCommand, 0]), address, ports]));
  const [, reply, , type] = await read(4);
  if (reply !== 0) throw refuse(`it cannot connect to ${host}:${port} (reply ${reply})`);
  const length = type === addressTypes.ipv4 ? 4 : type === addressTypes.ipv6 ? 16 : ((await read(1))[0] ?? 0);
  await read(length + 2);
  return buffered;
}

function credentialsOf({ username, password }: URL): string[] {
  return [decodeURIComponent(username), decodeURIComponent(password)];
}

/** With its length in front, as one byte. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
