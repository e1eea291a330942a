import { parseBytes } from "#support/bytes.ts";
import { parseInteger } from "../flags/kinds.ts";

/** Parses `--cpus`, a number with up to nine decimals, to billionths of a CPU. */
export function parseCpus(text: string): number {
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text)) throw new Error(`failed to parse ${text} as a rational number`);
  const nano = Number(text) * 1e9;
  if (!Number.isInteger(Number(nano.toFixed(6)))) throw new Error("value is too precise");
  return Math.round(nano);
}

/** Parses `--memory-swap`: bytes, or -1 for no limit. */
export function parseSwap(text: string): number {
  return text === "-1" ? -1 : parseBytes(text);
}

/** Returns a parser of `path:rate`. */
export function parseDeviceRate(unit: "bytes" | "operations") {
  return (text: string) => {
    const [path, rate] = splitDevice(text);
    const value = unit === "bytes" ? parseBytes(rate) : parseInteger(rate);
    if (value < 0) throw new Error(`invalid rate for device: ${text}. Rate must be a positive integer`);
    return { Path: path, Rate: value };
  };
}

/** Parses `path:weight`. */
export function parseDeviceWeight(text: string) {
  const [path, weight] = splitDevice(text);
  const value = parseInteger(weight);
  if (value !== 0 && (value < 10 || value > 1000)) throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: value };
}

function splitDevice(text: string): [string, string] {
  const [, path, value] = /^(\/dev\/[^:]+):([^:]+)$/.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new Error(`invalid device: ${text}: the format is <device-path>:<number> with a path in /dev`);
  }
  return [path, value];
}
