import { TemplateError, type Token, tokenize } from "./template-tokens.ts";

/** A chain of members, starting at the dot, a variable or another expression. */
export interface PathExpression {
  kind: "path";
  from: "dot" | { variable: string } | Expression;
  names: string[];
}

/** A value in an action. */
export type Expression =
  | { kind: "literal"; value: unknown }
  | PathExpression
  | { kind: "call"; name: string; operands: Expression[] }
  /** A member that takes operands: `.Label "name"`. */
  | { kind: "method"; method: PathExpression; operands: Expression[] }
  /** Each value becomes the last operand of the next step. */
  | { kind: "pipe"; steps: Expression[] };

/** A part of a template. */
export type Node =
  | { kind: "text"; text: string }
  | { kind: "output"; value: Expression }
  | { kind: "assign"; variable: string; value: Expression; declares: boolean }
  | { kind: "if"; condition: Expression; then: Node[]; otherwise: Node[] }
  | { kind: "with"; value: Expression; variable?: string; then: Node[]; otherwise: Node[] }
  | { kind: "range"; value: Expression; key?: string; element?: string; then: Node[]; otherwise: Node[] };

/** Parses a template in the subset of Go's language that command lines use. */
export function parseTemplate(template: string): Node[] {
  const parser = new TemplateParser(tokenize(template));
  const nodes = parser.block();
  if (parser.stoppedAt !== undefined) throw new TemplateError(`unexpected {{${parser.stoppedAt}}}`);
  return nodes;
}

class TemplateParser {
  /** Keyword that ended the last block: `else`, `end`, or nothing at the end of the template. */
  stoppedAt: "else" | "end" | undefined;
  #position = 0;
  readonly #tokens: Token[];

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  block(): Node[] {
    const nodes: Node[] = [];
    this.stoppedAt = undefined;
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token.kind === "text") {
        nodes.push(token);
        continue;
      }
      const first = this.#peek();
      const keyword = first?.kind === "word" ? first.text : "";
      if (keyword === "else" || keyword === "end") {
        this.#take();
        if (keyword === "end") this.#close();
        this.stoppedAt = keyword;
        return nodes;
      }
      nodes.push(
        keyword === "if" || keyword === "with" || keyword === "range"
          ? this.#control(keyword)
          : this.#action(),
      );
    }
    this.stoppedAt = undefined;
    return nodes;
  }

  #action(): Node {
    const first = this.#peek();
    const operator = this.#peek(1);
    if (first?.kind === "variable" && operator?.kind === "symbol" && /^:?=$/.test(operator.text)) {
      this.#position += 2;
      const value = this.#pipeline();
      this.#close();
      return { kind: "assign", variable: first.name, value, declares: operator.text === ":=" };
    }
    const value = this.#pipeline();
    this.#close();
    return { kind: "output", value };
  }

  #control(keyword: "if" | "with" | "range"): Node {
    this.#take();
    const variables = this.#declared();
    const value = this.#pipeline();
    this.#close();
    const then = this.block();
    const otherwise = this.#otherwise(keyword);
    const [first, second] = variables;
    if (keyword === "if") return { kind: "if", condition: value, then, otherwise };
    if (keyword === "with")
      return { kind: "with", value, then, otherwise, ...(first ? { variable: first } : {}) };
    const names = second ? { key: first ?? "", element: second } : first ? { element: first } : {};
    return { kind: "range", value, then, otherwise, ...names };
  }

  #otherwise(keyword: "if" | "with" | "range"): Node[] {
    if (this.stoppedAt === "end") return [];
    if (this.stoppedAt === undefined) throw new TemplateError("unexpected EOF");
    const next = this.#peek();
    if (next?.kind === "word" && next.text === keyword && keyword !== "range")
      return [this.#control(keyword)];
    this.#close();
    const nodes = this.block();
    this.#requireEnd();
    return nodes;
  }

  #requireEnd(): void {
    if (this.stoppedAt !== "end") throw new TemplateError("unexpected EOF");
  }

  /** Reads the variables in `$i, $e :=` before the value of `range` or `with`. */
  #declared(): string[] {
    const names: string[] = [];
    for (let ahead = 0; ; ahead += 2) {
      const name = this.#peek(ahead);
      const separator = this.#peek(ahead + 1);
      if (name?.kind !== "variable" || separator?.kind !== "symbol") return [];
      names.push(name.name);
      if (separator.text === ":=") {
        this.#position += ahead + 2;
        return names;
      }
      if (separator.text !== ",") return [];
    }
  }

  #pipeline(): Expression {
    const steps = [this.#call()];
    for (let next = this.#peek(); next?.kind === "symbol" && next.text === "|"; next = this.#peek()) {
      this.#take();
      steps.push(this.#call());
    }
    const [only] = steps;
    return steps.length === 1 && only ? only : { kind: "pipe", steps };
  }

  #call(): Expression {
    const first = this.#peek();
    if (first?.kind !== "word" || isConstant(first.text)) {
      const operand = this.#operand();
      if (operand.kind !== "path" || !this.#startsOperand()) return operand;
      return { kind: "method", method: operand, operands: this.#operands() };
    }
    this.#take();
    return { kind: "call", name: first.text, operands: this.#operands() };
  }

  #operands(): Expression[] {
    const operands: Expression[] = [];
    while (this.#startsOperand()) operands.push(this.#operand());
    return operands;
  }

  #startsOperand(): boolean {
    const token = this.#peek();
    if (token === undefined || token.kind === "close") return false;
    return token.kind !== "symbol" || token.text === "(";
  }

  #operand(): Expression {
    const token = this.#take();
    switch (token?.kind) {
      case "literal":
        return { kind: "literal", value: token.value };
      case "word":
        if (isConstant(token.text)) return { kind: "literal", value: constants[token.text] };
        return { kind: "call", name: token.text, operands: [] };
      case "field":
        return { kind: "path", from: "dot", names: this.#names(token.name === "" ? [] : [token.name]) };
      case "variable":
        return { kind: "path", from: { variable: token.name }, names: this.#names([]) };
      case "symbol": {
        if (token.text !== "(") break;
        const inner = this.#pipeline();
        const close = this.#take();
        if (close?.kind !== "symbol" || close.text !== ")") throw new TemplateError("unclosed left paren");
        const names = this.#names([]);
        return names.length === 0 ? inner : { kind: "path", from: inner, names };
      }
    }
    throw new TemplateError("missing value for command");
  }

  /** Reads the following `.Name`s without a space before them. */
  #names(names: string[]): string[] {
    for (let next = this.#peek(); next?.kind === "field" && !next.afterSpace; next = this.#peek()) {
      this.#take();
      names.push(next.name);
    }
    return names;
  }

  #close(): void {
    const token = this.#take();
    if (token?.kind !== "close") throw new TemplateError("unexpected operand in command");
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#position + ahead];
  }

  #take(): Token | undefined {
    return this.#tokens[this.#position++];
  }
}

const constants: Record<string, unknown> = { true: true, false: false, nil: null };

function isConstant(word: string): boolean {
  return Object.hasOwn(constants, word);
}
