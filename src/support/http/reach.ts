import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { TboxError } from "../errors.ts";
import { isOfThisMachine, withoutBrackets } from "./addresses.ts";

/** Servers that a request may contact: any, or only those that a container without the host's network can reach. */
export type Reach = "any" | "other-machines";

/** Addresses of a server. */
export type Server = { address: string; family: number }[];

/**
 * Returns the servers that a request may contact if the API's user named the address. An address of this machine is
 * allowed, but a redirect from another server to this machine is refused.
 */
export function reachOfNamed(address: string): Reach {
  const hostname = URL.parse(address)?.hostname ?? "";
  return isOfThisMachine(withoutBrackets(hostname)) ? "any" : "other-machines";
}

/** Returns the addresses of a server that may be contacted; throws forbidden when there is none. */
export async function findServer(url: URL, reach: Reach): Promise<Server> {
  const host = withoutBrackets(url.hostname);
  const family = isIP(host);
  const found = family === 0 ? await lookup(host, { all: true }) : [{ address: host, family }];
  if (reach === "any") return found;
  const allowed = found.filter(({ address }) => !isOfThisMachine(address));
  if (allowed.length === 0) throw refusal(url);
  return allowed;
}

/** Throws forbidden for a name that always means this machine, if the reach does not include this machine. */
export function checkName(url: URL, reach: Reach): void {
  if (reach !== "any" && isOfThisMachine(withoutBrackets(url.hostname))) throw refusal(url);
}

function refusal({ host }: URL): TboxError {
  const reason = "it is a loopback or link-local address of this machine";
  return new TboxError("forbidden", `${host} is not allowed: ${reason}, which needs the host's network`);
}
