import type { LineRange } from "#builds/dockerfile/statement.ts";
import { describeRule } from "#builds/lint/describe-rule.ts";
import { describeFile, type Question } from "#builds/outline/describe-file.ts";
import { GrpcError, statusCode } from "../grpc/grpc-error.ts";
import { ruleAddress } from "../progress/rule-address.ts";
import type { SourceText } from "../progress/source-text.ts";
import type { BridgeResult } from "../protocol/gateway.ts";
import type { BuildScope } from "./build-scope.ts";
import type { FrontendRequest } from "./contexts.ts";
import { withPrefix } from "./options.ts";
import { readDockerfileText, type Solved, type SolveSettings, solveDockerfile } from "./solve-dockerfile.ts";

/** Answers a question about a Dockerfile instead of building it: `docker build --call`. */
export async function answerSubrequest(
  scope: BuildScope,
  request: FrontendRequest,
  { name, settings }: { name: string; settings: SolveSettings },
): Promise<BridgeResult> {
  if (name === "frontend.lint") {
    const solved = await solveDockerfile(scope, request, { ...settings, checkOnly: true });
    return lintResult(solved.type === "findings" ? solved : { findings: [], source: { name: "", text: "" } });
  }
  const question = questions.get(name);
  if (question !== undefined) {
    const { text } = await readDockerfileText(scope, request);
    const target = request.options.get("target") || undefined;
    const given = withPrefix(request.options, "build-arg:");
    const { json, text: table } = describeFile(question, text, { target, given });
    return resultOf(json, table, 0);
  }
  const detail = {
    typeUrl: "github.com/moby/buildkit/errdefs.Subrequest+json",
    value: Buffer.from(JSON.stringify({ name })),
  };
  throw new GrpcError(statusCode.unimplemented, `unsupported request ${name}`, [detail]);
}

const questions = new Map<string, Question>([
  ["frontend.outline", "outline"],
  ["frontend.targets", "targets"],
]);

function lintResult({
  findings,
  source,
  failure,
}: Omit<Extract<Solved, { type: "findings" }>, "type">): BridgeResult {
  const found = findings.filter(({ rule }) => rule !== undefined);
  const warnings = found.map(({ rule = "", text, lines }) => ({
    ruleName: rule,
    description: describeRule(rule),
    url: ruleAddress(rule),
    detail: text.slice(rule.length + 2),
    location: { sourceIndex: 0, ranges: rangesOf(lines) },
  }));
  const text = found.map((one) => `\nWARNING: ${one.rule}\n${one.text}\n`).join("");
  const json = {
    warnings,
    sources: [shapeSource(source)],
    ...(failure && {
      buildError: {
        message: failure.message,
        location: { sourceIndex: 0, ranges: rangesOf(failure.lines) },
      },
    }),
  };
  return resultOf(json, text, warnings.length > 0 || failure ? 1 : 0);
}

function rangesOf(lines: LineRange | undefined) {
  return lines === undefined ? [] : [{ start: { line: lines.start }, end: { line: lines.end } }];
}

function shapeSource({ name, text }: SourceText) {
  return { filename: name, data: Buffer.from(text).toString("base64"), language: "Dockerfile" };
}

/** Returns the result in the forms that clients print. */
function resultOf(json: object, text: string, status: number): BridgeResult {
  const entries = {
    "result.json": JSON.stringify(json, null, 2),
    "result.txt": text,
    "result.statuscode": String(status),
    version: "1.0.0",
  };
  return { metadata: new Map(Object.entries(entries).map(([name, value]) => [name, Buffer.from(value)])) };
}
