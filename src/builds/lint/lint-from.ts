import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { expandWord } from "../dockerfile/expand.ts";
import type { Stage } from "../dockerfile/read-stages.ts";
import { ownValue } from "../plan/plan-stages.ts";
import { type Finding, finding } from "./finding.ts";
import { keywordOf } from "./lint-casing.ts";
import type { Rule } from "./settings.ts";
import { undefinedNames } from "./variables.ts";

/** Values of the arguments before the first FROM: their defaults, and those of a build. */
export interface GlobalValues {
  defaults: Record<string, string>;
  values: Record<string, string>;
}

/** Lints a FROM. */
export function lintFrom({ from }: Stage, before: Stage[], { defaults, values }: GlobalValues): Finding[] {
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
      const why = "is redundant as this is the default behavior";
      add("RedundantTargetPlatform", `Setting platform to predefined ${from.platform} in FROM ${why}`);
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
  for (const word of undefinedNames(words, (one) => Object.hasOwn(values, one))) {
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
