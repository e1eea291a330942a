import { isWord } from "./character-class.ts";
import { type PatternNode, parsePattern } from "./parse-pattern.ts";
import { type CharacterTest, invalidPattern } from "./pattern-text.ts";

/**
 * Maximum number of instructions that the patterns of one call may compile to. A match takes at most this number
 * of steps for each character of the text.
 */
const mostInstructions = 2000;

/** An instruction of the matching machine. The numbers are addresses of instructions. */
type Instruction =
  | { type: "character"; test: CharacterTest; next: number }
  | { type: "split"; next: number[] }
  | { type: "assert"; holds: (text: string, at: number) => boolean; next: number }
  | { type: "match" };

/**
 * Returns a test for texts that match at least one of the patterns, regular expressions in Go's syntax. The time of a
 * match is proportional to the lengths of the text and the patterns. Throws invalid-argument for invalid patterns.
 */
export function compilePatterns(patterns: readonly string[]): (text: string) => boolean {
  // Most filters are plain names.
  const isPlain = (pattern: string) => /^[\w/-]*$/.test(pattern);
  const plain = patterns.filter(isPlain);
  const program: Instruction[] = [{ type: "match" }];
  const starts = patterns
    .filter((pattern) => !isPlain(pattern))
    .map((pattern) => {
      try {
        return emit(program, parsePattern(pattern), 0);
      } catch (cause) {
        if (cause instanceof ProgramTooLarge) throw invalidPattern(pattern);
        throw cause;
      }
    });
  return (text) => plain.some((part) => text.includes(part)) || run(program, starts, text);
}

class ProgramTooLarge extends Error {}

function add(program: Instruction[], instruction: Instruction): number {
  if (program.length >= mostInstructions) throw new ProgramTooLarge();
  return program.push(instruction) - 1;
}

/** Adds the instructions of a node; after them, the machine continues at `next`. Returns their first address. */
function emit(program: Instruction[], node: PatternNode, next: number): number {
  switch (node.type) {
    case "character":
      return add(program, { type: "character", test: node.test, next });
    case "start":
      return add(program, { type: "assert", holds: (_, at) => at === 0, next });
    case "end":
      return add(program, { type: "assert", holds: (text, at) => at === text.length, next });
    case "word-boundary":
      return add(program, {
        type: "assert",
        holds: (text, at) => (isWordAt(text, at - 1) !== isWordAt(text, at)) === node.wanted,
        next,
      });
    case "sequence":
      return node.parts.reduceRight((after, part) => emit(program, part, after), next);
    case "choice":
      return add(program, { type: "split", next: node.parts.map((part) => emit(program, part, next)) });
    case "repeat":
      return emitRepeat(program, node, next);
  }
}

function emitRepeat(
  program: Instruction[],
  { part, least, most }: Extract<PatternNode, { type: "repeat" }>,
  next: number,
): number {
  let entry = next;
  if (most === Infinity) {
    const loop: Extract<Instruction, { type: "split" }> = { type: "split", next: [next] };
    entry = add(program, loop);
    loop.next.push(emit(program, part, entry));
  } else {
    for (let count = least; count < most; count++) {
      entry = add(program, { type: "split", next: [next, emit(program, part, entry)] });
    }
  }
  for (let count = 0; count < least; count++) entry = emit(program, part, entry);
  return entry;
}

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && isWord(text.charCodeAt(at));
}

/** Runs the machine in all of its states at once (Thompson's construction). */
function run(program: Instruction[], starts: number[], text: string): boolean {
  if (starts.length === 0) return false;
  let current: number[] = [];
  for (let at = 0; at <= text.length; at++) {
    // A match may begin at every character.
    const active = follow(program, [...current, ...starts], text, at);
    const following = new Set<number>();
    for (const address of active) {
      const instruction = program[address];
      if (instruction?.type === "match") return true;
      if (instruction?.type === "character" && instruction.test(text.charCodeAt(at)))
        following.add(instruction.next);
    }
    current = [...following];
  }
  return false;
}

/** Returns the addresses that the machine reaches without consuming a character. */
function follow(program: Instruction[], addresses: number[], text: string, at: number): Set<number> {
  const reached = new Set<number>();
  const pending = addresses;
  for (let address = pending.pop(); address !== undefined; address = pending.pop()) {
    if (reached.has(address)) continue;
    reached.add(address);
    const instruction = program[address];
    if (instruction?.type === "split") pending.push(...instruction.next);
    else if (instruction?.type === "assert" && instruction.holds(text, at)) pending.push(instruction.next);
  }
  return reached;
}
