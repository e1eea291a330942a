import { isRecord } from "#support/json.ts";
import { templateFunctions } from "./template-functions.ts";
import { type Expression, type Node, type PathExpression, parseTemplate } from "./template-parse.ts";
import { TemplateError } from "./template-tokens.ts";
import { goText, isTruthy } from "./template-values.ts";

/** A compiled template: renders a value as text. Throws `TemplateError` if the template does not fit the value. */
export type Template = (value: unknown) => string;

/** Compiles a Go template. A missing field is an error, as in Docker's clients. */
export function compileTemplate(source: string): Template {
  let nodes: Node[];
  try {
    nodes = parseTemplate(source);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`template parsing error: ${error.message}`);
  }
  return (value) => {
    const output: string[] = [];
    render(nodes, { dot: value, variables: new Map([["", { value }]]) }, output);
    return output.join("");
  };
}

interface Scope {
  dot: unknown;
  variables: Map<string, { value: unknown }>;
}

function render(nodes: Node[], outer: Scope, output: string[]): void {
  const scope = { dot: outer.dot, variables: new Map(outer.variables) };
  for (const node of nodes) renderNode(node, scope, output);
}

function renderNode(node: Node, scope: Scope, output: string[]): void {
  switch (node.kind) {
    case "text":
      output.push(node.text);
      return;
    case "output":
      output.push(goText(evaluate(node.value, scope)));
      return;
    case "assign":
      assign(node.variable, evaluate(node.value, scope), node.declares, scope);
      return;
    case "if":
      render(isTruthy(evaluate(node.condition, scope)) ? node.then : node.otherwise, scope, output);
      return;
    case "with": {
      const value = evaluate(node.value, scope);
      if (isTruthy(value)) render(node.then, inner(scope, value, [[node.variable, value]]), output);
      else render(node.otherwise, scope, output);
      return;
    }
    case "range": {
      const entries = entriesOf(evaluate(node.value, scope));
      for (const [key, element] of entries) {
        render(
          node.then,
          inner(scope, element, [
            [node.key, key],
            [node.element, element],
          ]),
          output,
        );
      }
      if (entries.length === 0) render(node.otherwise, scope, output);
    }
  }
}

function assign(variable: string, value: unknown, declares: boolean, scope: Scope): void {
  const slot = scope.variables.get(variable);
  if (declares) scope.variables.set(variable, { value });
  else if (slot) slot.value = value;
  else throw new TemplateError(`undefined variable "$${variable}"`);
}

function inner(scope: Scope, dot: unknown, named: [string | undefined, unknown][]): Scope {
  const variables = new Map(scope.variables);
  for (const [name, value] of named) if (name !== undefined) variables.set(name, { value });
  return { dot, variables };
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((element, index) => [index, element]);
  if (typeof value === "number") return Array.from({ length: value }, (_, index) => [index, index]);
  if (typeof value === "object") return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`range can't iterate over ${goText(value)}`);
}

function evaluate(expression: Expression, scope: Scope, piped: unknown[] = []): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "path":
      return call(path(expression, scope), piped);
    case "call": {
      const known = templateFunctions[expression.name];
      if (known === undefined) throw new TemplateError(`function "${expression.name}" not defined`);
      return known([...expression.operands.map((operand) => evaluate(operand, scope)), ...piped]);
    }
    case "method": {
      const method = path(expression.method, scope);
      if (typeof method !== "function") throw new TemplateError("cannot call a field that is not a function");
      return call(method, [...expression.operands.map((operand) => evaluate(operand, scope)), ...piped]);
    }
    case "pipe":
      return expression.steps.reduce<unknown[]>((value, step) => [evaluate(step, scope, value)], [])[0];
  }
}

function call(value: unknown, operands: unknown[]): unknown {
  if (typeof value !== "function") return value;
  const result: unknown = value(...operands);
  return result;
}

function path({ from, names }: PathExpression, scope: Scope): unknown {
  let value = start(from, scope);
  for (const name of names) value = member(value, name);
  return value;
}

function start(from: PathExpression["from"], scope: Scope): unknown {
  if (from === "dot") return scope.dot;
  if ("kind" in from) return evaluate(from, scope);
  const slot = scope.variables.get(from.variable);
  if (slot === undefined) throw new TemplateError(`undefined variable "$${from.variable}"`);
  return slot.value;
}

function member(value: unknown, name: string): unknown {
  if (isRecord(value)) {
    if (Object.hasOwn(value, name)) return value[name];
    throw new TemplateError(`map has no entry for key "${name}"`);
  }
  if (value === null || value === undefined) throw new TemplateError(`nil data; no entry for key "${name}"`);
  throw new TemplateError(
    `can't evaluate field ${name} in type ${Array.isArray(value) ? "array" : typeof value}`,
  );
}
