import { posix } from "node:path";
import { parseSignal } from "#containers/request/signals.ts";
import { expandWord, expandWords } from "../dockerfile/expand.ts";
import type { CommandLine, Instruction } from "../dockerfile/instruction.ts";
import type { Dockerfile, Pair } from "../dockerfile/statement.ts";
import { volumePath } from "../dockerfile/volume-path.ts";
import { ownValue } from "./plan-stages.ts";
import { parsePorts } from "./ports.ts";
import { type StageState, withHistory } from "./stage-state.ts";

export interface SettingContext {
  escapeMark: Dockerfile["escapeMark"];
  /** Arguments of the request. */
  given: Record<string, string>;
  /** Values of arguments that a stage declares without a value. */
  globals: Record<string, string>;
}

export type Setting = Exclude<Instruction, { kind: "run" | "copy" | "add" | "workdir" | "from" }>;

/** Returns a function that expands words with the variables of a stage. */
export function expander(stage: StageState, { escapeMark }: SettingContext): (word: string) => string {
  return (word) => expandWord(word, (name) => ownValue(stage.environment, name), { escape: escapeMark });
}

/** Applies an instruction that changes no files. */
export function applySetting(stage: StageState, instruction: Setting, context: SettingContext): StageState {
  const expand = expander(stage, context);
  const { settings } = stage;
  switch (instruction.kind) {
    case "env": {
      const pairs = expandPairs(instruction.pairs, expand);
      const texts = pairs.map(([name, value]) => `${name}=${value}`);
      return withHistory(withVariables(stage, pairs), `ENV ${texts.join(" ")}`);
    }
    case "label": {
      const pairs = expandPairs(instruction.pairs, expand);
      const Labels = { ...settings.Labels, ...Object.fromEntries(pairs) };
      const texts = pairs.map(([name, value]) => `${name}=${value}`);
      return withHistory(withSettings(stage, { Labels }), `LABEL ${texts.join(" ")}`);
    }
    case "arg":
      return declare(stage, instruction.arguments, context);
    case "cmd": {
      const words = commandWords(instruction.command, stage);
      const Cmd = words.length === 0 ? undefined : words;
      return withHistory({ ...withSettings(stage, { Cmd }), hasCommand: true }, `CMD ${goList(words)}`);
    }
    case "entrypoint": {
      const { command } = instruction;
      const empty = command.words.length === 0;
      const Entrypoint = empty ? undefined : commandWords(command, stage);
      const changed = withSettings(stage, { Entrypoint, ...(stage.hasCommand ? {} : { Cmd: undefined }) });
      return withHistory(changed, `ENTRYPOINT ${goList(Entrypoint ?? [])}`);
    }
    case "shell":
      return withHistory(
        withSettings(stage, { Shell: instruction.words }),
        `SHELL [${instruction.words.join(" ")}]`,
      );
    case "expose": {
      const words = instruction.ports.flatMap((word) =>
        expandWords(word, (name) => ownValue(stage.environment, name), { escape: context.escapeMark }),
      );
      const ports = parsePorts(words);
      const entries = Object.fromEntries(ports.map((port) => [port, {}]));
      const changed = withSettings(stage, { ExposedPorts: { ...settings.ExposedPorts, ...entries } });
      return withHistory(changed, `EXPOSE [${ports.join(" ")}]`);
    }
    case "user": {
      const User = expand(instruction.user);
      return withHistory(withSettings(stage, { User }), `USER ${User}`);
    }
    case "volume": {
      const paths = instruction.paths.map(expand).map(volumePath);
      const entries = Object.fromEntries(paths.map((path) => [path, {}]));
      const changed = withSettings(stage, { Volumes: { ...settings.Volumes, ...entries } });
      return withHistory(changed, `VOLUME [${paths.join(" ")}]`);
    }
    case "stopsignal": {
      const StopSignal = expand(instruction.signal);
      parseSignal(StopSignal);
      return withHistory(withSettings(stage, { StopSignal }), `STOPSIGNAL ${StopSignal}`);
    }
    case "maintainer":
      return withHistory({ ...stage, author: instruction.name }, `MAINTAINER ${instruction.name}`);
    case "healthcheck": {
      const changed = withSettings(stage, { Healthcheck: { ...instruction.healthcheck } });
      return withHistory(changed, `HEALTHCHECK ${JSON.stringify(instruction.healthcheck)}`);
    }
    case "onbuild":
      return { ...stage, triggers: [...stage.triggers, instruction.trigger] };
  }
}

/** Resolves a path from the working directory of the stage; keeps a trailing slash. */
export function fromWorkingDirectory({ settings }: StageState, path: string): string {
  const directory = settings.WorkingDir || "/";
  const isDirectory = path === "" || /(^|\/)\.{0,2}$/.test(path);
  const joined = posix.resolve("/", directory, path);
  return isDirectory && joined !== "/" ? `${joined}/` : joined;
}

/** Returns the words of a command; shell text becomes the last argument of the shell. */
export function commandWords({ words, shell }: CommandLine, { settings }: StageState): string[] {
  if (!shell) return words;
  return [...(settings.Shell?.length ? settings.Shell : ["/bin/sh", "-c"]), words.join(" ")];
}

function declare(
  stage: StageState,
  declared: { name: string; value?: string }[],
  context: SettingContext,
): StageState {
  let next = stage;
  const texts: string[] = [];
  for (const { name, value } of declared) {
    const fallback = () =>
      value === undefined ? ownValue(context.globals, name) : expander(next, context)(value);
    const chosen = ownValue(context.given, name) ?? fallback();
    if (chosen !== undefined) next = { ...next, environment: { ...next.environment, [name]: chosen } };
    next = { ...next, declared: [...next.declared.filter((other) => other !== name), name] };
    texts.push(chosen === undefined ? name : `${name}=${chosen}`);
  }
  return withHistory(next, `ARG ${texts.join(" ")}`);
}

function withVariables(stage: StageState, pairs: [string, string][]): StageState {
  const Env = [...(stage.settings.Env ?? [])];
  for (const [name, value] of pairs) {
    const at = Env.findIndex((entry) => entry === name || entry.startsWith(`${name}=`));
    Env.splice(at < 0 ? Env.length : at, at < 0 ? 0 : 1, `${name}=${value}`);
  }
  const environment = { ...stage.environment, ...Object.fromEntries(pairs) };
  return { ...withSettings(stage, { Env }), environment };
}

function withSettings(stage: StageState, changes: Partial<StageState["settings"]>): StageState {
  return { ...stage, settings: { ...stage.settings, ...changes } };
}

function expandPairs(pairs: Pair[], expand: (word: string) => string): [string, string][] {
  return pairs.map(({ name, value }) => [expand(name), expand(value)]);
}

/** Formats words like Go prints a list of quoted strings. */
function goList(words: string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(" ")}]`;
}
