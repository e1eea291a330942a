import { toJson } from "./json.ts";
import { TemplateError } from "./template-tokens.ts";
import { goText, isTruthy, lengthOf } from "./template-values.ts";

type TemplateFunction = (operands: unknown[]) => unknown;

/** Functions of Go's templates and of Docker's clients. */
export const templateFunctions: Record<string, TemplateFunction | undefined> = Object.assign(
  Object.create(null),
  {
    json: ([value]: unknown[]) => toJson(value),
    join: ([list, separator]: unknown[]) =>
      Array.isArray(list) ? list.map(goText).join(goText(separator)) : "",
    split: ([value, separator]: unknown[]) => goText(value).split(goText(separator)),
    lower: ([value]: unknown[]) => goText(value).toLowerCase(),
    upper: ([value]: unknown[]) => goText(value).toUpperCase(),
    title: ([value]: unknown[]) => goText(value).replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()),
    pad: ([value, before, after]: unknown[]) =>
      value === "" ? "" : " ".repeat(Number(before)) + goText(value) + " ".repeat(Number(after)),
    truncate: ([value, length]: unknown[]) => goText(value).slice(0, Number(length)),
    println: (operands: unknown[]) => `${operands.map(goText).join(" ")}\n`,
    print: (operands: unknown[]) => printed(operands),
    printf: ([format, ...operands]: unknown[]) => formatted(goText(format), operands),
    len: ([value]: unknown[]) => lengthOf(value) ?? fail(`len of type ${typeof value}`),
    index: ([value, ...keys]: unknown[]) => keys.reduce(element, value),
    slice: ([value, from, to]: unknown[]) => sliced(value, from, to),
    eq: ([first, ...others]: unknown[]) => others.some((other) => other === first),
    ne: ([a, b]: unknown[]) => a !== b,
    lt: ([a, b]: unknown[]) => compare(a, b) < 0,
    le: ([a, b]: unknown[]) => compare(a, b) <= 0,
    gt: ([a, b]: unknown[]) => compare(a, b) > 0,
    ge: ([a, b]: unknown[]) => compare(a, b) >= 0,
    and: (operands: unknown[]) => firstOrLast(operands, (operand) => !isTruthy(operand)),
    or: (operands: unknown[]) => firstOrLast(operands, isTruthy),
    not: ([value]: unknown[]) => !isTruthy(value),
  },
);

function fail(message: string): never {
  throw new TemplateError(message);
}

function firstOrLast(operands: unknown[], wanted: (operand: unknown) => boolean): unknown {
  const index = operands.findIndex(wanted);
  return operands.at(index === -1 ? operands.length - 1 : index);
}

function element(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const index = Number(key);
    if (index in value) return value[index];
    return fail(`error calling index: index out of range: ${goText(key)}`);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).find(([name]) => name === goText(key))?.[1];
  }
  return fail("error calling index: can't index this value");
}

function sliced(value: unknown, from: unknown, to: unknown): unknown {
  const [start, end] = [Number(from ?? 0), to === undefined ? undefined : Number(to)];
  if (typeof value === "string" || Array.isArray(value)) return value.slice(start, end);
  return fail("error calling slice: can't slice this value");
}

/** Joins operands as Go's `Sprint`: with a space between two operands that are not texts. */
function printed(operands: unknown[]): string {
  return operands.reduce<string>((text, operand, index) => {
    const spaced = index > 0 && typeof operand !== "string" && typeof operands[index - 1] !== "string";
    return `${text}${spaced ? " " : ""}${goText(operand)}`;
  }, "");
}

function formatted(format: string, operands: unknown[]): string {
  let next = 0;
  return format.replace(/%([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g, (_, flags, width, precision, verb) => {
    if (verb === "%") return "%";
    if (next >= operands.length) return `%!${verb}(MISSING)`;
    const text = verbText(verb, operands[next++], precision);
    if (flags.includes("-")) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes("0") && verb !== "s" ? "0" : " ");
  });
}

function verbText(verb: string, value: unknown, precision: string | undefined): string {
  switch (verb) {
    case "s":
    case "v":
      return precision === undefined ? goText(value) : goText(value).slice(0, Number(precision));
    case "q":
      return JSON.stringify(goText(value));
    case "d":
      return typeof value === "number" ? String(Math.trunc(value)) : `%!d(${goText(value)})`;
    case "f":
      return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
    case "t":
      return String(value === true);
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(goText(value)).toString("hex");
    case "T":
      return typeof value;
    default:
      return fail(`printf: %${verb} is not supported`);
  }
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return fail("incompatible types for comparison");
}
