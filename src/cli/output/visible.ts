import { remoteCaller } from "#client/caller/remote-caller.ts";

/** Control characters of ASCII and of Latin-1, except line feed and tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const control = /\r\n|[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const controls = new RegExp(control, "g");
// biome-ignore lint/suspicious/noControlCharactersInRegex: the introducer of an escape sequence
const colours = /(\x1b\[[0-9;]*m)/;

/**
 * Returns a text with its control characters escaped (`\x1b`). Names, messages and commands come from images and
 * registries: their escape sequences could rewrite the screen or insert input.
 */
export function visible(text: string): string {
  if (!control.test(text)) return text;
  return text.replace(controls, (found) => {
    if (found === "\r\n") return "\n";
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** Returns a text like `visible`, but keeps the colours of a program's output. */
export function visibleWithColours(text: string): string {
  if (!control.test(text)) return text;
  return text
    .split(colours)
    .map((part, index) => (index % 2 === 0 ? visible(part) : part))
    .join("");
}

/** Returns a text for a standard stream: unchanged unless the stream is a terminal. */
export function forStream(text: string, stream: "stdout" | "stderr"): string {
  return isTerminal(stream) ? visible(text) : text;
}

/** Returns a program's output for a standard stream: with its colours, and unchanged unless the stream is a terminal. */
export function outputForStream(text: string, stream: "stdout" | "stderr"): string {
  return isTerminal(stream) ? visibleWithColours(text) : text;
}

function isTerminal(stream: "stdout" | "stderr"): boolean {
  const caller = remoteCaller();
  return caller === undefined ? process[stream].isTTY === true : caller.isTerminal(stream);
}
