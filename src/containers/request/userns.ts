import type { KeepId } from "#native/protocol/launch.ts";
import { invalidArgument } from "#support/errors.ts";

/**
 * Parses a user namespace mode: `host`, `keep-id`, `keep-id:uid=N,gid=N` or `keep-id:user=NAME`. Returns the ids that are
 * mapped to the daemon's user, or undefined for none. Throws invalid-argument for another mode; `origin` is where the mode is given.
 */
export function parseUserns(mode: string, origin: string): KeepId | undefined {
  if (mode === "" || mode === "host") return undefined;
  const [, options = ""] = /^keep-id(?::(.+))?$/.exec(mode) ?? invalid(mode, origin);
  const [, user] = /^user=([^\s:,=]+)$/.exec(options) ?? [];
  if (user !== undefined) return { user };
  const ids: KeepId = {};
  for (const option of options === "" ? [] : options.split(",")) {
    const [, name, digits] = /^(uid|gid)=(\d{1,10})$/.exec(option) ?? invalid(mode, origin);
    const id = Number(digits);
    if (id >= highestId) invalid(mode, origin);
    if (name === "uid") ids.uid = id;
    else ids.gid = id;
  }
  return ids;
}

/** The kernel reserves this id for "none". */
const highestId = 0xff_ff_ff_ff;

function invalid(mode: string, origin: string): never {
  const accepted = "must be host, keep-id, keep-id:uid=N,gid=N or keep-id:user=NAME";
  throw invalidArgument(`${origin}: ${accepted}, not ${JSON.stringify(mode)}`);
}
