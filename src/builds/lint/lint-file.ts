import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { expandWord } from "../dockerfile/expand.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import type { Stage, Stages } from "../dockerfile/read-stages.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import { ownValue } from "../plan/plan-stages.ts";
import type { Rule } from "./settings.ts";
import { undefinedNames } from "./variables.ts";

/** Discouraged but valid use of the Dockerfile language. */
export interface Finding {
  rule: Rule;
  text: string;
  lines: LineRange;
}

export interface FileFacts {
  /** Text of the Dockerfile. */
  text: string;
  /** Default values of the arguments before the first FROM. */
  defaults: Record<string, string>;
  /** Tests whether `.dockerignore` excludes a path. */
  ignored(path: string): boolean;
}

/** Lints a Dockerfile without knowledge of its base images. */
export function lintFile(read: Stages, facts: FileFacts): Finding[] {
  const instructions = [
    ...read.globals,
    ...read.stages.flatMap((stage) => [stage.from, ...stage.instructions]),
  ];
  return [
    ...read.warnings.map(({ message, line }) =>
      finding("NoEmptyContinuation", message, { start: line, end: line }),
    ),
    ...casing(instructions),
    ...read.stages.flatMap((stage, index) => lintFrom(stage, read.stages.slice(0, index), facts)),
    ...read.stages.flatMap(lintStageAlone),
    ...instructions.flatMap((one) => [...lintInstruction(one, facts), ...lintDescription(one, facts)]),
  ];
}

export function finding(rule: Rule, text: string, lines: LineRange): Finding {
  return { rule, text, lines };
}

function keywordOf({ source }: { source: string }): string {
  return source.trim().split(/\s/, 1)[0] ?? "";
}

/** Reports keywords that are not in the case of the majority. */
function casing(instructions: Instruction[]): Finding[] {
  const words = instructions.map((one) => ({ keyword: keywordOf(one), lines: one.lines }));
  const upper = words.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const lower = words.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const kind = lower > upper ? "lowercase" : "uppercase";
  const written = (keyword: string) => (kind === "lowercase" ? keyword.toLowerCase() : keyword.toUpperCase());
  return words
    .filter(({ keyword }) => keyword !== written(keyword))
    .map(({ keyword, lines }) =>
      finding(
        "ConsistentInstructionCasing",
        `Command '${keyword}' should match the case of the command majority (${kind})`,
        lines,
      ),
    );
}

function lintFrom({ from }: Stage, before: Stage[], { defaults }: FileFacts): Finding[] {
  const found: Finding[] = [];
  const add = (rule: Rule, text: string) => void found.push(finding(rule, text, from.lines));
  const [, as = "", name = ""] = /\s(as)\s+(\S+)\s*$/i.exec(from.source) ?? [];
  const keyword = keywordOf(from);
  if (name !== name.toLowerCase()) add("StageNameCasing", `Stage name '${name}' should be lowercase`);
  if (as !== "" && (as === as.toUpperCase()) !== (keyword === keyword.toUpperCase())) {
    add("FromAsCasing", `'${as}' and '${keyword}' keywords' casing do not match`);
  }
  if (from.name !== undefined && before.some((stage) => stage.from.name === from.name)) {
    add("DuplicateStageName", `Duplicate stage name "${from.name}", stage names should be unique`);
  }
  if (from.name === "scratch" || from.name === "context") {
    add("ReservedStageName", `Stage name should not use the same name as reserved stage "${from.name}"`);
  }
  if (from.platform !== undefined) {
    if (/^\$\{?TARGETPLATFORM\}?$/.test(from.platform)) {
      add("RedundantTargetPlatform", `Setting platform to predefined ${from.platform} in FROM is redundant`);
    } else if (
      !from.platform.includes("$") &&
      !from.platform.split("/").some((part) => from.name?.includes(part))
    ) {
      add(
        "FromPlatformFlagConstDisallowed",
        `FROM --platform flag should not use constant value "${from.platform}"`,
      );
    }
  }
  const words = [from.base, from.platform ?? ""];
  for (const word of undefinedNames(words, (one) => Object.hasOwn(defaults, one))) {
    add("UndefinedArgInFrom", `FROM argument '${word}' is not declared`);
  }
  if (from.base.includes("$") && !isImage(expanded(from.base, defaults))) {
    add(
      "InvalidDefaultArgInFrom",
      `Default value for ARG ${from.base} results in empty or invalid base image name`,
    );
  }
  return found;
}

function expanded(word: string, values: Record<string, string>): string {
  try {
    return expandWord(word, (name) => ownValue(values, name));
  } catch {
    // `${NAME:?…}` without a value: the build reports it.
    return "scratch";
  }
}

function isImage(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch (error) {
    if (error instanceof TboxError) return false;
    throw error;
  }
}

function lintStageAlone({ instructions }: Stage): Finding[] {
  const found: Finding[] = [];
  const ownShell = instructions.some(({ kind }) => kind === "shell");
  for (const kind of ["cmd", "entrypoint", "healthcheck"] as const) {
    const same = instructions.filter((one) => one.kind === kind);
    for (const { lines } of same.slice(0, -1)) {
      const name = kind.toUpperCase();
      const text = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;
      found.push(finding("MultipleInstructionsDisallowed", text, lines));
    }
  }
  for (const one of instructions) {
    if ((one.kind === "cmd" || one.kind === "entrypoint") && one.command.shell && !ownShell) {
      const why = "to prevent unintended behavior related to OS signals";
      const text = `JSON arguments recommended for ${one.kind.toUpperCase()} ${why}`;
      found.push(finding("JSONArgsRecommended", text, one.lines));
    }
  }
  return found;
}

const secret = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:^|_)public(?:_|$)/i;

function lintInstruction(one: Instruction, { ignored }: FileFacts): Finding[] {
  const found: Finding[] = [];
  const add = (rule: Rule, text: string) => void found.push(finding(rule, text, one.lines));
  const checkNames = (names: string[]) => {
    for (const name of names.filter((word) => secret.test(word) && !harmless.test(word))) {
      const rule = `Do not use ARG or ENV instructions for sensitive data (${one.kind.toUpperCase()} "${name}")`;
      add("SecretsUsedInArgOrEnv", rule);
    }
  };
  switch (one.kind) {
    case "arg":
      checkNames(one.arguments.map(({ name }) => name));
      break;
    case "env":
    case "label":
      if (one.kind === "env") checkNames(one.pairs.map(({ name }) => name));
      if (one.pairs.some(({ legacy }) => legacy)) {
        const name = one.kind.toUpperCase();
        const text = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
        add("LegacyKeyValueFormat", text);
      }
      break;
    case "maintainer":
      add("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label");
      break;
    case "expose":
      for (const port of one.ports) {
        const [numbers = "", protocol = ""] = port.split("/");
        if (protocol !== protocol.toLowerCase() && !protocol.includes("$")) {
          add("ExposeProtoCasing", `Defined protocol '${port}' in EXPOSE instruction should be lowercase`);
        }
        if (numbers.includes(":") && !numbers.includes("$")) {
          const rule = "EXPOSE instruction should not define an IP address or host-port mapping, found";
          add("ExposeInvalidFormat", `${rule} '${port}'`);
        }
      }
      break;
    case "copy":
    case "add":
      for (const source of one.from === undefined ? one.sources : []) {
        if (/[$*?[\\]|^\w+:\/\//.test(source) || !ignored(source.replace(/^(?:\.?\/)+|\/+$/g, ""))) continue;
        const verb = one.kind === "copy" ? "Copy" : "Add";
        add("CopyIgnoredFile", `Attempting to ${verb} file "${source}" that is excluded by .dockerignore`);
      }
      break;
    default:
  }
  return found;
}

/** Reports a comment directly before ARG or FROM that does not begin with its name. */
function lintDescription(one: Instruction, { text }: FileFacts): Finding[] {
  const name = one.kind === "from" ? one.name : one.kind === "arg" ? one.arguments[0]?.name : undefined;
  if (name === undefined) return [];
  const before = text.split("\n")[one.lines.start - 2] ?? "";
  const [, comment = ""] = /^\s*#\s*(.*\S)\s*$/.exec(before) ?? [];
  if (comment === "" || /^(?:syntax|escape|check)\s*=/i.test(comment)) return [];
  if (
    comment.toLowerCase() === name.toLowerCase() ||
    comment.toLowerCase().startsWith(`${name.toLowerCase()} `)
  )
    return [];
  const what = one.kind === "from" ? "build stage" : "argument";
  const rule = `Comment for ${what} should follow the format: \`# ${name} <description>\``;
  return [finding("InvalidDefinitionDescription", rule, one.lines)];
}
