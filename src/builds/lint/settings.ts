import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { nearest } from "#support/nearest.ts";

/** Names of the checks, the same as in BuildKit. */
export const rules = [
  "ConsistentInstructionCasing",
  "CopyIgnoredFile",
  "DuplicateStageName",
  "ExposeInvalidFormat",
  "ExposeProtoCasing",
  "FromAsCasing",
  "FromPlatformFlagConstDisallowed",
  "InvalidBaseImagePlatform",
  "InvalidDefaultArgInFrom",
  "InvalidDefinitionDescription",
  "JSONArgsRecommended",
  "LegacyKeyValueFormat",
  "MaintainerDeprecated",
  "MultipleInstructionsDisallowed",
  "NoEmptyContinuation",
  "RedundantTargetPlatform",
  "ReservedStageName",
  "SecretsUsedInArgOrEnv",
  "StageNameCasing",
  "UndefinedArgInFrom",
  "UndefinedVar",
  "WorkdirRelativePath",
] as const;

export type Rule = (typeof rules)[number];

/** Checks that are off by default. */
const experimental: Rule[] = ["InvalidDefinitionDescription"];

export interface LintSettings {
  checks(rule: Rule): boolean;
  skips(rule: Rule): boolean;
  /** Whether findings fail the build. */
  error: boolean;
}

/** Parses the value of the directive `check`: `skip=A,B;error=true;experimental=all`. */
export function parseLintSettings(text: string | undefined): LintSettings {
  const skipped = new Set<Rule>();
  const extra = new Set<Rule>();
  let error = false;
  for (const part of (text ?? "").split(";")) {
    const field = part.trim();
    if (field === "") continue;
    const equals = field.indexOf("=");
    const key = field.slice(0, equals < 0 ? undefined : equals).trim();
    const value = equals < 0 ? "" : field.slice(equals + 1).trim();
    if (key === "skip") addRules(skipped, value);
    else if (key === "experimental") addRules(extra, value);
    else if (key === "error") error = readSwitch(value);
    else throw invalid(`unknown option ${JSON.stringify(key)}: use skip, error or experimental`);
  }
  return {
    checks: (rule) => !skipped.has(rule) && (!experimental.includes(rule) || extra.has(rule)),
    skips: (rule) => skipped.has(rule),
    error,
  };
}

function addRules(set: Set<Rule>, value: string): void {
  for (const word of value.split(",")) {
    const name = word.trim().toLowerCase();
    if (name === "" || name === "none") continue;
    const found = name === "all" ? rules : rules.filter((rule) => rule.toLowerCase() === name);
    if (found.length === 0) throw unknown(word.trim());
    for (const rule of found) set.add(rule);
  }
}

function unknown(word: string): TboxError {
  const similar = nearest(
    word.toLowerCase(),
    rules.map((rule) => rule.toLowerCase()),
  );
  const rule = rules.find((one) => one.toLowerCase() === similar);
  return invalid(`unknown rule ${JSON.stringify(word)}${rule ? ` (did you mean ${rule}?)` : ""}`);
}

function readSwitch(value: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw invalid(`invalid value for error: ${JSON.stringify(value)}`);
  return parsed;
}

function invalid(reason: string): TboxError {
  return invalidArgument(`check: ${reason}`);
}
