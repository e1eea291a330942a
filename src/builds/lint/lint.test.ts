// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of Dockerfiles
import { expect, test } from "bun:test";
import { compileIgnorePatterns } from "#support/ignore-patterns.ts";
import { readStages } from "../dockerfile/read-stages.ts";
import { planGlobals } from "../plan/plan-stages.ts";
import { openLint } from "./lint.ts";
import { lintFile } from "./lint-file.ts";
import { lintStage } from "./lint-stage.ts";

/** Returns the violated rules of a Dockerfile with their lines. */
function violations(text: string): string[] {
  const read = readStages(text);
  const defaults = planGlobals(read, { arguments: {} }, { TARGETPLATFORM: "linux/amd64" });
  const found: string[] = [];
  const lint = openLint(text, read.check, (event) => {
    if (event.type === "warning") found.push(`${event.rule} ${event.lines?.start}`);
  });
  const globals = { defaults, values: { ...defaults, GIVEN: "1" } };
  lint.report(lintFile(read, { text, globals, ignored: compileIgnorePatterns(["left", "!left/in"]) }));
  for (const stage of read.stages) {
    lint.report(lintStage(stage, { variables: new Set(["PATH"]), hasDirectory: false }).findings);
  }
  return found;
}

test.each([
  ["FROM a AS One\n", ["StageNameCasing 1"]],
  ["FROM a as one\n", ["FromAsCasing 1"]],
  ["from a as one\nrun x\n", []],
  ["FROM a\nRUN a \\\n\n b\n", ["NoEmptyContinuation 4"]],
  ["FROM a\nrun a\nRUN b\nRun c\n", ["ConsistentInstructionCasing 2", "ConsistentInstructionCasing 4"]],
  ["FROM a AS x\nFROM b AS x\n", ["DuplicateStageName 2"]],
  ["FROM a AS context\n", ["ReservedStageName 1"]],
  ["FROM a\nCMD x\n", ["JSONArgsRecommended 2"]],
  ['FROM a\nSHELL ["/bin/bash", "-c"]\nCMD x\n', []],
  ['FROM a AS b\nSHELL ["/bin/bash", "-c"]\nFROM b\nCMD x\n', []],
  ['FROM a\nENTRYPOINT ["x"]\n', []],
  ["FROM a\nMAINTAINER x\n", ["MaintainerDeprecated 2"]],
  ["FROM a\n# check=skip=MaintainerDeprecated\nMAINTAINER x\nCMD x\n", ["JSONArgsRecommended 4"]],
  ["FROM a\n# check=skip=JSONArgsRecommended why\n# more\nCMD x\n", []],
  ["FROM a\n# check=skip=JSONArgsRecommended\n\nCMD x\n", ["JSONArgsRecommended 4"]],
  ["# check=error=false\nFROM a AS One\n", ["StageNameCasing 2"]],
  ["FROM a\n# check=skip=Unknown\nCMD x\n", ["JSONArgsRecommended 3"]],
  ["FROM a:${V}\n", ["UndefinedArgInFrom 1", "InvalidDefaultArgInFrom 1"]],
  ["ARG V=1\nFROM a:${V}\n", []],
  ["ARG GIVEN\nFROM a:${GIVEN}\n", ["InvalidDefaultArgInFrom 2"]],
  ["FROM a\nARG TOKEN_FILE\nARG AUTH_VERSION\nARG TOKEN\n", ["SecretsUsedInArgOrEnv 4"]],
  ["# check=experimental=all\n# b about\nARG a b\nFROM a\n", []],
  ["ARG V\nFROM a:$V\n", ["UndefinedArgInFrom 2", "InvalidDefaultArgInFrom 2"]],
  ["ARG V\nFROM a:${V:-1}\n", []],
  ["FROM a\nCOPY $X /\nARG Y\nENV Z=$Y\nCOPY $Z ${Z} $PATH /d/\n", ["UndefinedVar 2"]],
  ["FROM a\nENV A='$B'\nRUN echo $C\n", []],
  ['FROM a\nCMD ["a"]\nCMD ["b"]\n', ["MultipleInstructionsDisallowed 2"]],
  ["FROM a\nWORKDIR b\nWORKDIR c\n", ["WorkdirRelativePath 2"]],
  ["FROM a\nWORKDIR /b\nWORKDIR c\n", []],
  ["FROM a\nENV b c\n", ["LegacyKeyValueFormat 2"]],
  ["FROM --platform=$TARGETPLATFORM a\n", ["RedundantTargetPlatform 1"]],
  ["FROM --platform=linux/amd64 a\n", ["FromPlatformFlagConstDisallowed 1"]],
  ["FROM --platform=linux/amd64 a AS amd64\n", []],
  [
    "FROM a\nARG API_TOKEN\nENV PUBLIC_KEY=x PASSWORD=y\n",
    ["SecretsUsedInArgOrEnv 2", "SecretsUsedInArgOrEnv 3"],
  ],
  ["FROM a\nCOPY left /x\nCOPY left/in *.c /x/\n", ["CopyIgnoredFile 2"]],
  ["FROM a\nEXPOSE 80/TCP 53/udp 127.0.0.1:80:80\n", ["ExposeProtoCasing 2", "ExposeInvalidFormat 2"]],
  ["# about\nFROM a AS one\n", []],
  ["# check=experimental=all\n# about\nFROM a AS one\n# x is\nARG x\n", ["InvalidDefinitionDescription 3"]],
  ["# check=skip=JSONArgsRecommended,undefinedvar\nFROM a\nCMD x\nCOPY $X /\n", []],
  ["# check=skip=all\nFROM a AS One\nMAINTAINER x\n", []],
])("%j", (text, rules) => {
  expect(violations(text)).toEqual(rules);
});

test.each([
  ["# check=error=true\nFROM a\nCMD x\n", "lint violation found for rules: JSONArgsRecommended"],
  ["# check=skip=JsonArgsRecomended\nFROM a\n", "did you mean JSONArgsRecommended?"],
  ["# check=nope=1\nFROM a\n", 'unknown option "nope"'],
  ["# check=error=yes\nFROM a\n", "invalid value for error"],
])("%j fails", (text, message) => {
  expect(() => violations(text)).toThrow(message);
});

test.each([
  ["*", 1],
  [".*", 0],
])("a copy of the context that excludes %s is reported %d times", (pattern, count) => {
  const text = "FROM a\nCOPY . .\n";
  const globals = { defaults: {}, values: {} };
  const findings = lintFile(readStages(text), { text, globals, ignored: compileIgnorePatterns([pattern]) });
  expect(findings.filter(({ rule }) => rule === "CopyIgnoredFile")).toHaveLength(count);
});
