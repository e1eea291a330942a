import { isRecord, jsonOrUndefined } from "#support/json.ts";
import { isHostBind } from "./bind-text.ts";
import type { HostConfig } from "./create-request.ts";

/**
 * Returns the user namespace mode of a development container: its `remoteUser` is the caller, who owns the workspace. Returns
 * undefined for other containers, and if the workspace is no bind mount. `labels` are those of the container and its image.
 */
export function developmentUserns(host: HostConfig, labels: Record<string, string>): string | undefined {
  const text = labels["devcontainer.metadata"];
  if (labels["devcontainer.local_folder"] === undefined || text === undefined) return undefined;
  if (host.Privileged || !hasBindMount(host)) return undefined;
  const user = remoteUser(text);
  return user === undefined ? undefined : `keep-id:user=${user}`;
}

/**
 * Returns the user in the metadata, an object or a list whose later values win, if the user is neither root nor a variable.
 */
function remoteUser(text: string): string | undefined {
  const users = [jsonOrUndefined(text)].flat().flatMap((part) => (isRecord(part) ? [part.remoteUser] : []));
  const last = users.findLast((user) => typeof user === "string") ?? "";
  return /^[\w.-]+$/.test(last) && !/^(root|0)$/.test(last) ? last : undefined;
}

function hasBindMount({ Binds = [], Mounts = [] }: HostConfig): boolean {
  return Mounts.some(({ Type }) => Type === "bind") || Binds.some(isHostBind);
}
