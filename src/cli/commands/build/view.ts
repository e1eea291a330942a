import type { BuildLine, BuildStep } from "#api/answers/builds.ts";

/** Display of a build's progress. */
export interface BuildView {
  show(line: BuildLine): Promise<void>;
  /** Returns the last lines of output of the last step; undefined if no step had output. */
  tail(): OutputTail | undefined;
  end(): Promise<void>;
}

/** The last lines of output of a step. */
export interface OutputTail {
  label: string;
  lines: string[];
}

/** Returns the step's title: `[build 2/5] RUN make`. */
export function labelOf({ stage, number, total, text, label }: BuildStep): string {
  return label ?? `[${stage ? `${stage} ` : ""}${number}/${total}] ${text}`;
}

/** Formats a duration: `0.4s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

/** Formats a warning, with its line in the Dockerfile if known. */
export function warningLine({ text, lines }: BuildLine & { type: "warning" }): string {
  return `WARNING: ${text}${lines?.start ? ` (line ${lines.start})` : ""}\n`;
}

const mostLines = 20;

/** The title and the last lines of output of every step. */
export class OutputTails {
  readonly #labels = new Map<number, string>();
  readonly #tails = new Map<number, { lines: string[]; rest: string }>();
  #last = 0;

  /** Records a line of the build; returns the lines of output that it completes. */
  record(line: BuildLine): string[] {
    if (line.type === "started") this.#labels.set(line.step.number, labelOf(line.step));
    if (line.type !== "output") return [];
    this.#last = line.number;
    const tail = this.#tails.get(line.number) ?? { lines: [], rest: "" };
    const lines = (tail.rest + line.text).split("\n");
    tail.rest = lines.pop() ?? "";
    tail.lines = [...tail.lines, ...lines].slice(-mostLines);
    this.#tails.set(line.number, tail);
    return lines;
  }

  /** Takes the output after the last line break as a line. */
  takeRest(number: number): string {
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

  last(): OutputTail | undefined {
    if (this.#last === 0) return undefined;
    this.takeRest(this.#last);
    return { label: this.label(this.#last), lines: this.lines(this.#last) };
  }
}
