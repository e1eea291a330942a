import { parseInteger } from "../flags/kinds.ts";

/** An entry of `HostConfig.Ulimits`. */
export interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}

const names = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

/** Parses `--ulimit`: `name=soft[:hard]`; -1 is unlimited. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf("=");
  if (equals === -1) throw new Error(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals);
  if (!names.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const [first = "", second, ...more] = text.slice(equals + 1).split(":");
  if (more.length > 0) throw new Error(`too many limit value arguments - ${text}, can only have up to two`);
  const soft = parseInteger(first);
  const hard = second === undefined ? soft : parseInteger(second);
  if (soft < -1 || hard < -1) throw new Error(`a limit must be -1 or more: ${text}`);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
