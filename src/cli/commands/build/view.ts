import type { JsonObject } from "#client/json.ts";
import { numberAt, objectAt, textAt } from "#client/json.ts";

/** Shows how a build goes on. */
export interface BuildView {
  show(event: JsonObject): Promise<void>;
  /** The last lines of a step's output, for the message on its failure. */
  tail(): { label: string; lines: string[] } | undefined;
  end(): Promise<void>;
}

/** A step as lines show it: `[build 2/5] RUN make`. */
function labelOf(event: JsonObject): string {
  const step = objectAt(event, "step");
  const stage = textAt(step, "stage");
  const count = `${numberAt(step, "number")}/${numberAt(step, "total")}`;
  return `[${stage === "" ? "" : `${stage} `}${count}] ${textAt(step, "text")}`;
}

export function stepNumber(event: JsonObject): number {
  return numberAt(event, "number") || numberAt(objectAt(event, "step"), "number");
}

/** `0.4s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

/** With the line of the Dockerfile, where there is one. */
export function warningLine(event: JsonObject): string {
  const line = numberAt(objectAt(event, "lines"), "start");
  return `WARNING: ${textAt(event, "text")}${line === 0 ? "" : ` (line ${line})`}\n`;
}

const mostLines = 20;

/** Keeps the last lines of every step. */
export class OutputTails {
  readonly #labels = new Map<number, string>();
  readonly #tails = new Map<number, { lines: string[]; rest: string }>();
  #last = 0;

  note(event: JsonObject): string[] {
    const number = stepNumber(event);
    if (textAt(event, "type") === "started") this.#labels.set(number, labelOf(event));
    if (textAt(event, "type") !== "output") return [];
    this.#last = number;
    const tail = this.#tails.get(number) ?? { lines: [], rest: "" };
    const lines = (tail.rest + textAt(event, "text")).split("\n");
    tail.rest = lines.pop() ?? "";
    tail.lines = [...tail.lines, ...lines].slice(-mostLines);
    this.#tails.set(number, tail);
    return lines;
  }

  /** What came without a line's end. */
  rest(number: number): string {
    const tail = this.#tails.get(number);
    if (!tail) return "";
    const { rest } = tail;
    if (rest !== "") tail.lines = [...tail.lines, rest].slice(-mostLines);
    tail.rest = "";
    return rest;
  }

  label(number: number): string {
    return this.#labels.get(number) ?? `step ${number}`;
  }

  lines(number: number): string[] {
    return this.#tails.get(number)?.lines ?? [];
  }

  last(): { label: string; lines: string[] } | undefined {
    if (this.#last === 0) return undefined;
    this.rest(this.#last);
    return { label: this.label(this.#last), lines: this.lines(this.#last) };
  }
}
