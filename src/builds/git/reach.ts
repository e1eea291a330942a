import { connect, isIPv6, type Socket } from "node:net";
import { invalidArgument } from "#support/errors.ts";
import { isOfThisMachine, withoutBrackets } from "#support/http/addresses.ts";
import { openForwardingProxy } from "#support/http/forwarding-proxy.ts";
import { proxyFor } from "#support/http/proxy.ts";
import { findServer, type Reach } from "#support/http/reach.ts";

/** Returns the servers that git may contact if the API's user named the remote: this machine only if the remote is there. */
export function reachOfRemote(remote: string): Reach {
  return isOfThisMachine(withoutBrackets(urlOf(remote).hostname)) ? "any" : "other-machines";
}

/** The means by which git reaches other machines only. */
export interface Restriction {
  /** URL of the proxy; undefined if the user has a proxy for the remote, which connects by its own rules. */
  proxy: string | undefined;
  /** Checked addresses of the servers that ssh may contact, by host name. */
  sshServers: Map<string, SshServer>;
  /** Starts of URLs with a checked address, by the start of the URL as written: git would resolve the name again. */
  urls: Map<string, string>;
}

interface SshServer {
  address: string;
  /** Name of the server in files of host keys. */
  keyName: string;
}

/**
 * Restricts git to other machines, also for submodules and after redirects: http and https go through a proxy in this process,
 * which connects to checked addresses only. Throws forbidden if the remote itself is on this machine. With a proxy of the user,
 * that proxy connects.
 */
export async function restrictToOtherMachines(remote: string): Promise<Restriction> {
  const url = urlOf(remote);
  const ofUser = /^https?:/i.test(remote) ? proxyFor(url, process.env) : undefined;
  // The user's proxy resolves names, so only names that always mean this machine are refused.
  if (ofUser === undefined || isOfThisMachine(withoutBrackets(url.hostname))) {
    await findServer(url, "other-machines");
  }
  const servers = { sshServers: new Map(), urls: new Map() };
  if (ofUser !== undefined) return { proxy: undefined, ...servers };
  filter ??= openForwardingProxy(connectToOtherMachine);
  const restriction = { proxy: await filter, ...servers };
  await allowServer(restriction, remote);
  return restriction;
}

/** Lets git contact the server of a remote over ssh or git's own protocol. Throws forbidden if it is on this machine. */
export async function allowServer({ sshServers, urls }: Restriction, remote: string): Promise<void> {
  if (/^https?:/i.test(remote)) return;
  const url = urlOf(remote);
  const [server] = await findServer(url, "other-machines");
  if (server === undefined) return;
  const { address } = server;
  const [start] = /^git:\/\/[^/]*/i.exec(remote) ?? [];
  if (start !== undefined) {
    // The URL has the scheme of http, whose default port the URL parser drops.
    const port = /:80$/.test(start) ? "80" : url.port;
    const host = isIPv6(address) ? `[${address}]` : address;
    urls.set(`${start}/`, `git://${host}${port && `:${port}`}/`);
    return;
  }
  const name = hostAsWritten(remote);
  const keyName =
    url.port === "" || url.port === "22" ? name.toLowerCase() : `[${name.toLowerCase()}]:${url.port}`;
  sshServers.set(name, { address, keyName });
}

/** Returns an ssh configuration with which ssh contacts the checked addresses only. */
export function sshConfiguration({ sshServers }: Restriction): string {
  const hosts = [...sshServers].map(
    ([name, { address, keyName }]) =>
      `Host ${name}\n  HostName ${address}\n  HostKeyAlias ${keyName}\n  ProxyCommand none\n`,
  );
  return `${hosts.join("")}Host *\n  ProxyCommand exit 1\n`;
}

let filter: Promise<string> | undefined;

async function connectToOtherMachine(target: URL): Promise<Socket> {
  const [server] = await findServer(target, "other-machines");
  const port = Number(target.port) || (target.protocol === "https:" ? 443 : 80);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: server?.address ?? "", port });
  socket.once("connect", () => resolve(socket)).once("error", reject);
  return promise;
}

/** Returns the host as git passes it to ssh, which compares names in its configuration case-sensitively. */
function hostAsWritten(remote: string): string {
  const [, host = ""] = /^(?:[\w+-]+:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(remote) ?? [];
  const name = withoutBrackets(host);
  // In ssh's configuration, other characters are patterns or separators.
  if (!/^[\w.:-]+$/.test(name)) throw invalidArgument(`git repository ${remote}: invalid host`);
  return name;
}

/** Returns the URL of a remote; `user@host:path` and `host:path` are forms of ssh. */
function urlOf(remote: string): URL {
  const [, host] = /^(?:[\w.-]+@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)/.exec(remote) ?? [];
  // Only URLs of http and https have a normal form for the host: 127.1 would stay as it is.
  const text = host === undefined ? remote.replace(/^(?:ssh|git):/i, "http:") : `http://${host}`;
  const url = URL.parse(text);
  if (url === null) throw invalidArgument(`git repository ${remote}: invalid address`);
  return url;
}
