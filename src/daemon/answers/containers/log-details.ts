import type { ContainerRecord } from "#containers/state/container-record.ts";
import { compilePatterns } from "#support/patterns/pattern.ts";

type Attributes = Record<string, string>;
type LoggedContainer = Pick<ContainerRecord, "id" | "name" | "image" | "imageId" | "config" | "hostConfig">;

/**
 * Returns the text that `details` puts before every line of a log: the labels and variables that the options of the log
 * driver name, sorted, as `a=1,b=2` and a space.
 */
export function logDetails(record: LoggedContainer): string {
  const { config, hostConfig } = record;
  const { labels, env, tag, ...options } = hostConfig.LogConfig?.Config ?? {};
  const variables = Object.fromEntries(
    (config.Env ?? []).map((text) => [text.replace(/=.*/s, ""), text.replace(/^[^=]*=?/s, "")]),
  );
  const attributes: Attributes = {
    ...select(config.Labels ?? {}, labels, options["labels-regex"]),
    ...select(variables, env, options["env-regex"]),
    ...(tag ? { tag: expandTag(tag, record) } : {}),
  };
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join(",")} `;
}

/** Returns the values whose name is in a list or matches a regular expression. */
function select(values: Attributes, names = "", pattern?: string): Attributes {
  const listed = new Set(names.split(","));
  const matches = pattern === undefined || pattern === "" ? () => false : compilePatterns([pattern]);
  return Object.fromEntries(Object.entries(values).filter(([name]) => listed.has(name) || matches(name)));
}

/** Replaces the fields of Docker's log tags, such as `{{.Name}}`. Other text stays. */
function expandTag(tag: string, { id, name, image, imageId }: LoggedContainer): string {
  const fields: Record<string, string> = {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId?.replace(/^sha256:/, "").slice(0, 12) ?? "",
    ImageFullID: imageId ?? "",
    ImageName: image,
    DaemonName: "docker",
  };
  return tag.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, field: string) => fields[field] ?? whole);
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+");
}
