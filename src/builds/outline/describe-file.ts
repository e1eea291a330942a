import { readStages } from "../dockerfile/read-stages.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import { describerOf, type OutlineMount, outlineOf } from "./outline.ts";

/** Question about a Dockerfile. */
export type Question = "outline" | "targets";

/** The answer to a question: as an object in BuildKit's format, and as a table. */
export interface Description {
  json: object;
  text: string;
}

/** Answers a question about a Dockerfile without building it. */
export function describeFile(
  question: Question,
  text: string,
  options: { target: string | undefined; given: Record<string, string> },
): Description {
  return question === "outline" ? describeOutline(text, options) : describeTargets(text);
}

function describeOutline(text: string, options: Parameters<typeof outlineOf>[1]): Description {
  const outline = outlineOf(text, options);
  const { name, description, secrets, agents, caches } = outline;
  const json = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...listed(
      "args",
      outline.arguments.map(({ name: argument, description: comment, value, lines }) => ({
        name: argument,
        ...(comment === undefined ? {} : { description: comment }),
        ...(value === undefined ? {} : { value }),
        location: locationOf(lines),
      })),
    ),
    ...listed("secrets", secrets.map(shapeMount)),
    ...listed("ssh", agents.map(shapeMount)),
    ...listed(
      "cache",
      caches.map(({ id, lines }) => ({ ID: id, location: locationOf(lines) })),
    ),
    sources: [Buffer.from(text).toString("base64")],
  };
  const title = [name, description].filter((one) => one !== undefined).join(": ");
  const mounts = (heading: string, items: OutlineMount[]) =>
    tableOf(
      [heading, "REQUIRED"],
      items.map(({ id, required }) => [id, String(required)]),
    );
  const parts = [
    title === "" ? "" : `TARGET: ${title}\n`,
    tableOf(
      ["BUILD ARG", "VALUE", "DESCRIPTION"],
      outline.arguments.map((one) => [one.name, one.value ?? "", one.description ?? ""]),
    ),
    mounts("SECRET", secrets),
    mounts("SSH", agents),
  ];
  return { json, text: parts.filter((part) => part !== "").join("\n") };
}

function shapeMount({ id, required, lines }: OutlineMount) {
  return { name: id, ...(required ? { required } : {}), location: locationOf(lines) };
}

function describeTargets(text: string): Description {
  const { stages } = readStages(text);
  const describe = describerOf(text);
  const targets = stages.map(({ from }, index) => {
    const { name, base, platform, lines } = from;
    const description = name === undefined ? undefined : describe(lines, name);
    return {
      ...(name === undefined ? {} : { name }),
      ...(index === stages.length - 1 ? { default: true } : {}),
      ...(description === undefined ? {} : { description }),
      base,
      ...(platform === undefined ? {} : { platform }),
      location: locationOf(lines),
    };
  });
  const rows = targets.map(({ name, description, default: isDefault }) => [
    `${name ?? ""}${isDefault ? " (default)" : ""}`.trim(),
    description ?? "",
  ]);
  const sources = [Buffer.from(text).toString("base64")];
  return { json: { targets, sources }, text: tableOf(["TARGET", "DESCRIPTION"], rows) };
}

function locationOf({ start, end }: LineRange) {
  return { ranges: [{ start: { line: start }, end: { line: end } }] };
}

function listed(name: string, items: object[]): Record<string, object[]> {
  return items.length === 0 ? {} : { [name]: items };
}

/** Returns a table whose columns have the width of their longest word; empty without rows. */
function tableOf(headings: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const all = [headings, ...rows];
  const widths = headings.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const line = (row: string[]) =>
    `${row
      .map((word, at) => word.padEnd(widths[at] ?? 0))
      .join("   ")
      .trimEnd()}\n`;
  return all.map(line).join("");
}
