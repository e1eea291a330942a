import { invalidArgument } from "#support/errors.ts";
import { parseDuration } from "#support/time/duration.ts";

/** Place of a build cache in the cache service of GitHub Actions. */
export interface ActionsCacheOptions {
  /** Separates the caches of a repository from each other. */
  scope: string;
  url: URL;
  /** The workflow's token for the service. */
  token: string;
  /** Version of the service's protocol. */
  version: 1 | 2;
  /** Longest time that a request is repeated, in milliseconds. */
  timeout: number;
  /** Access to GitHub's REST API, which lists all keys at once. */
  api: { repository: string; token: string } | undefined;
}

/** Host of GitHub's service, which older clients name without a version. */
const hostOfVersion2 = "results-receiver.actions.githubusercontent.com";
const defaultTimeout = 10 * 60;

/** Reads the attributes of `type=gha`; `option` is the name for messages. */
export function readActionsCache(
  attributes: ReadonlyMap<string, string>,
  option: string,
): ActionsCacheOptions {
  const fail = (text: string) => invalidArgument(`${option}: type gha: ${text}`);
  const token = attributes.get("token");
  if (!token) throw fail("token is missing: give it the value of ACTIONS_RUNTIME_TOKEN in the workflow");
  const given = attributes.get("version") ?? "";
  if (!["", "1", "2"].includes(given)) throw fail(`version ${given}: use 1 or 2`);
  const second = given === "1" ? undefined : attributes.get("url_v2");
  const address = second || attributes.get("url");
  if (!address) throw fail("url is missing: give it the value of ACTIONS_RESULTS_URL in the workflow");
  const url = URL.parse(address);
  if (!url || !["http:", "https:"].includes(url.protocol)) throw fail("url is not an http or https address");
  const isVersion2 = given === "2" || second || (given === "" && url.hostname === hostOfVersion2);
  const timeout = attributes.get("timeout");
  const seconds = timeout ? parseDuration(timeout) : defaultTimeout;
  if (seconds === undefined || seconds <= 0) throw fail(`timeout ${timeout}: use a duration such as 10m`);
  const [repository, apiToken] = [attributes.get("repository"), attributes.get("ghtoken")];
  return {
    scope: attributes.get("scope") || "buildkit",
    url,
    token,
    version: isVersion2 ? 2 : 1,
    timeout: seconds * 1000,
    api: repository && apiToken ? { repository, token: apiToken } : undefined,
  };
}
