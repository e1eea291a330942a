import type { ImageConfig } from "#oci/config.ts";
import { invalidArgument } from "#support/errors.ts";

type Execution = NonNullable<ImageConfig["config"]>;

/** Returns a configuration changed by the Dockerfile instructions of `import --change` and `commit --change`. */
export function applyInstructions(base: Execution, changes: string[]): Execution {
  const config = { ...base };
  for (const change of changes) apply(config, change);
  return config;
}

function apply(config: Execution, change: string): void {
  const [, word = "", rest = ""] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(change) ?? [];
  switch (word.toUpperCase()) {
    case "CMD":
      config.Cmd = command(rest);
      return;
    case "ENTRYPOINT":
      config.Entrypoint = command(rest);
      return;
    case "ENV":
      config.Env = pairs(rest, change).reduce(setVariable, config.Env ?? []);
      return;
    case "LABEL":
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(rest, change)) };
      return;
    case "EXPOSE":
      config.ExposedPorts = { ...config.ExposedPorts, ...ports(rest) };
      return;
    case "VOLUME":
      config.Volumes = { ...config.Volumes, ...entries(list(rest) ?? words(rest)) };
      return;
    case "USER":
      config.User = required(rest, change);
      return;
    case "WORKDIR":
      config.WorkingDir = required(rest, change);
      return;
    case "STOPSIGNAL":
      config.StopSignal = required(rest, change);
      return;
    case "ONBUILD":
      config.OnBuild = [...(config.OnBuild ?? []), required(rest, change)];
      return;
    default:
      throw invalidArgument(`${word || "an empty line"} is not a valid change command`);
  }
}

/** Sets a variable; one that is already set keeps its position. */
function setVariable(environment: string[], [name, value]: [string, string]): string[] {
  const at = environment.findIndex((entry) => entry.startsWith(`${name}=`));
  return at < 0 ? [...environment, `${name}=${value}`] : environment.with(at, `${name}=${value}`);
}

/** Parses a JSON array of arguments; passes any other text to a shell. */
function command(text: string): string[] {
  return list(text) ?? ["/bin/sh", "-c", text];
}

function list(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((part) => typeof part === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Parses `a=b c="d e"`, or the old form: one name, and the rest of the line as its value. */
function pairs(text: string, change: string): [string, string][] {
  const parts = words(text);
  const [first = "", ...rest] = parts;
  if (!first.includes("=")) {
    if (first === "" || rest.length === 0) throw invalidArgument(`${change}: needs a value`);
    return [[first, text.slice(text.indexOf(first) + first.length).trim()]];
  }
  return parts.map((part) => {
    const equals = part.indexOf("=");
    if (equals < 1) throw invalidArgument(`${change}: ${part} is not name=value`);
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
}

/** Splits a text at blanks outside quotes; removes quotes and backslashes. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return found.map((word) =>
    word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) =>
      double === undefined ? (single ?? escaped) : double.replace(/\\(["\\])/g, "$1"),
    ),
  );
}

function ports(text: string): Record<string, object> {
  return entries(
    words(text).map((port) => {
      if (!/^\d+(?:-\d+)?(?:\/(?:tcp|udp|sctp))?$/.test(port)) {
        throw invalidArgument(`EXPOSE: invalid port ${port}`);
      }
      return port.includes("/") ? port : `${port}/tcp`;
    }),
  );
}

function entries(names: string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function required(text: string, change: string): string {
  if (text === "") throw invalidArgument(`${change}: needs a value`);
  return text;
}
