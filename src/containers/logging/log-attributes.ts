import { compilePatterns } from "#support/patterns/pattern.ts";
import type { ContainerRecord } from "../state/container-record.ts";

export type Attributes = Record<string, string>;
export type LoggedContainer = Pick<
  ContainerRecord,
  "id" | "name" | "image" | "imageId" | "config" | "hostConfig"
>;

/** Returns the labels and variables named by the options of the log driver. */
export function logAttributes({ config, hostConfig }: LoggedContainer): Attributes {
  const { labels, env, ...options } = hostConfig.LogConfig?.Config ?? {};
  const variables = Object.fromEntries(
    (config.Env ?? []).map((text) => [text.replace(/=.*/s, ""), text.replace(/^[^=]*=?/s, "")]),
  );
  return {
    ...select(config.Labels ?? {}, labels, options["labels-regex"]),
    ...select(variables, env, options["env-regex"]),
  };
}

/** Returns the values whose name is in a list or matches a regular expression. */
function select(values: Attributes, names = "", pattern?: string): Attributes {
  const listed = new Set(names.split(","));
  const matches = pattern === undefined || pattern === "" ? () => false : compilePatterns([pattern]);
  return Object.fromEntries(Object.entries(values).filter(([name]) => listed.has(name) || matches(name)));
}

/** Replaces the fields of Docker's log tags, such as `{{.Name}}`. Other text stays. */
export function expandTag(tag: string, { id, name, image, imageId }: LoggedContainer): string {
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

/** Returns the tag of a container's log: the option `tag`, by default the short ID. */
export function logTag(container: LoggedContainer): string {
  return expandTag(container.hostConfig.LogConfig?.Config?.tag || "{{.ID}}", container);
}
