import { openConnection } from "./connection.ts";
import { below } from "./service.ts";

/** Address of GitHub's REST API. */
export const githubApi = new URL("https://api.github.com");
/** Entries of one answer; the most that the API allows. */
const pageSize = 100;

export interface KeyQuery {
  /** Base of the REST API. */
  api: URL;
  repository: string;
  token: string;
  prefix: string;
  /** Names of branches and pull requests. */
  scopes: string[];
  timeout: number;
}

/** Lists the keys of a repository's cache that begin with a prefix, with GitHub's REST API. */
export async function listKeys(query: KeyQuery, signal: AbortSignal): Promise<Set<string>> {
  const { api, repository, token, prefix, scopes, timeout } = query;
  const connection = openConnection({ url: api, token, timeout });
  const keys = new Set<string>();
  for (const scope of scopes) {
    for (let page = 1, total = 1; (page - 1) * pageSize < total; page++) {
      const url = below(api, `repos/${repository}/actions/caches`);
      const place = scope === "" ? {} : { ref: scope };
      const parameters = { per_page: String(pageSize), page: String(page), key: prefix, ...place };
      url.search = new URLSearchParams(parameters).toString();
      const headers = { Accept: "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28" };
      const answer = await connection.call(url, { headers }, signal);
      total = Number(answer?.total_count ?? 0);
      const entries: unknown = answer?.actions_caches;
      for (const entry of Array.isArray(entries) ? entries : []) keys.add(String(Object(entry).key));
    }
  }
  return keys;
}
