import { connect, type Socket } from "node:net";
import { invalidArgument } from "#support/errors.ts";
import { isOfThisMachine, withoutBrackets } from "#support/http/addresses.ts";
import { openForwardingProxy } from "#support/http/forwarding-proxy.ts";
import { type DownloadReach, findServer } from "#support/http/open-download.ts";
import { proxyFor } from "#support/http/proxy.ts";

/** Returns the servers that git may contact if the API's user named the remote: this machine only if the remote is there. */
export function reachOfRemote(remote: string): DownloadReach {
  return isOfThisMachine(withoutBrackets(urlOf(remote).hostname)) ? "any" : "other-machines";
}

/** The means by which git reaches other machines only. */
export interface Restriction {
  /** URL of the proxy; undefined if the user has a proxy for the remote, which connects by its own rules. */
  proxy: string | undefined;
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
  if (ofUser !== undefined) return { proxy: undefined };
  filter ??= openForwardingProxy(connectToOtherMachine);
  return { proxy: await filter };
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

/** Returns the URL of a remote; `user@host:path` is ssh's form. */
function urlOf(remote: string): URL {
  const [, host] = /^[\w.-]+@([A-Za-z0-9][A-Za-z0-9.-]*):/.exec(remote) ?? [];
  // Only URLs of http and https have a normal form for the host: 127.1 would stay as it is.
  const text = host === undefined ? remote.replace(/^(?:ssh|git):/i, "http:") : `http://${host}`;
  const url = URL.parse(text);
  if (url === null) throw invalidArgument(`git repository ${remote}: invalid address`);
  return url;
}
