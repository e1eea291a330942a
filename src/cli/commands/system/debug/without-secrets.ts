/** Stands for a removed value. */
export const removed = "***";

/** Fields whose strings can be secrets: only names of variables, labels and options stay. */
const valueFields = new Set([
  "Annotations",
  "Args",
  "Cmd",
  "Command",
  "DriverOpts",
  "Entrypoint",
  "Env",
  "Labels",
  "LogConfig.Config",
  "OnBuild",
  "Options",
  "Shell",
  "Sysctls",
]);

/** Fields that are removed whole: output of health checks, and credentials of registries. */
const removedFields = new Set(["AuthConfig", "Healthcheck", "Log", "X-Registry-Auth"]);

/**
 * Returns a copy of an answer of the API without the values that users choose and that can be secrets: variables,
 * arguments, labels and options. Names, paths and images stay.
 */
export function withoutSecrets(value: unknown, parent = ""): unknown {
  if (typeof value === "string") return maskSecrets(value);
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, parent));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (removedFields.has(name)) return [name, field === null ? null : removed];
      const isValue = valueFields.has(name) || valueFields.has(`${parent}.${name}`);
      return [name, isValue ? namesOnly(field) : withoutSecrets(field, name)];
    }),
  );
}

/** Removes all strings below a field, except the names of variables and of an object's fields. */
function namesOnly(value: unknown): unknown {
  if (typeof value === "string") {
    const name = /^[A-Za-z_][\w.-]*(?==)/.exec(value)?.[0];
    return name === undefined ? removed : `${name}=${removed}`;
  }
  if (Array.isArray(value)) return value.map(namesOnly);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, namesOnly(field)]));
}

/** Forms of credentials in free text, with their replacement. */
const credentials: [RegExp, string][] = [
  [/(?<scheme>:\/\/)[^\s/@"']+@/g, `$<scheme>${removed}@`],
  [/(?<scheme>\b(?:bearer|basic)\s+)[\w+./=~-]+/gi, `$<scheme>${removed}`],
  [
    /(?<name>(?:authorization|password|passwd|secret|token|api[-_]?key|credential)[\w-]*["']?\s*[=:]\s*)(?!\s*(?:bearer|basic)\b)("[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    `$<name>${removed}`,
  ],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, removed],
];

/** Replaces credentials in a text: of URLs, of headers, of assignments to a secret's name, and web tokens. */
export function maskSecrets(text: string): string {
  return credentials.reduce((masked, [form, replacement]) => masked.replaceAll(form, replacement), text);
}
