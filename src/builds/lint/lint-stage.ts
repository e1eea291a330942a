import { formatPlatform, matchesPlatform, type Platform } from "#oci/platform.ts";
import { nearest } from "#support/nearest.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import type { Stage } from "../dockerfile/read-stages.ts";
import { type Finding, finding } from "./finding.ts";
import { undefinedNames } from "./variables.ts";

/** The state of a stage before its first instruction. */
export interface StageStart {
  /** Names of the stage's variables; absent when the base image is unknown. */
  variables?: Set<string>;
  hasDirectory: boolean;
}

/** Lints a stage; returns the findings and the start state for a stage that is based on this one. */
export function lintStage(stage: Stage, start: StageStart): { findings: Finding[]; end: StageStart } {
  const findings: Finding[] = [];
  const variables = start.variables && new Set([...start.variables, "PATH"]);
  let { hasDirectory } = start;
  for (const one of stage.instructions) {
    if (variables) {
      for (const name of undefinedNames(wordsOf(one), (word) => variables.has(word))) {
        const similar = nearest(name, [...variables]);
        const hint = similar ? ` (did you mean $${similar}?)` : "";
        findings.push(finding("UndefinedVar", `Usage of undefined variable '$${name}'${hint}`, one.lines));
      }
      for (const name of definedBy(one)) variables.add(name);
    }
    if (one.kind !== "workdir") continue;
    if (!hasDirectory && !/^[/$]/.test(one.path)) {
      const risk = "can have unexpected results if the base image changes";
      const text = `Relative workdir "${one.path}" ${risk}`;
      findings.push(finding("WorkdirRelativePath", text, one.lines));
    }
    hasDirectory = true;
  }
  return { findings, end: variables ? { variables, hasDirectory } : { hasDirectory } };
}

/** Reports a base image for another platform. */
export function lintPlatform({ from }: Stage, found: Platform, wanted: Platform): Finding[] {
  if (matchesPlatform(found, wanted)) return [];
  const expected = `expected "${formatPlatform(wanted)}" for current build`;
  const text = `Base image ${from.base} was pulled with platform "${formatPlatform(found)}", ${expected}`;
  return [finding("InvalidBaseImagePlatform", text, from.lines)];
}

function wordsOf(one: Instruction): string[] {
  switch (one.kind) {
    case "env":
    case "label":
      return one.pairs.flatMap(({ name, value }) => [name, value]);
    case "arg":
      return one.arguments.flatMap(({ value }) => value ?? []);
    case "copy":
    case "add":
      return [...one.sources, one.destination, one.chown, one.chmod, one.checksum];
    case "expose":
      return one.ports;
    case "user":
      return [one.user];
    case "volume":
      return one.paths;
    case "workdir":
      return [one.path];
    case "stopsignal":
      return [one.signal];
    default:
      return [];
  }
}

function definedBy(one: Instruction): string[] {
  if (one.kind === "env") return one.pairs.map(({ name }) => name);
  return one.kind === "arg" ? one.arguments.map(({ name }) => name) : [];
}
