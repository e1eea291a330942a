import { type JsonObject, numberAt, objectAt } from "#client/json.ts";

/** Lines shown before and after those that are to blame. */
const around = 2;

/** The lines of the Dockerfile around a failure, those to blame marked; nothing when the failure has none. */
export function excerpt(dockerfile: { name: string; text: string } | undefined, failure: JsonObject): string {
  const start = numberAt(objectAt(failure, "lines"), "start");
  const end = numberAt(objectAt(failure, "lines"), "end");
  if (dockerfile === undefined || start === 0) return "";
  const lines = dockerfile.text.split("\n");
  const rule = "-".repeat(20);
  const shown = lines
    .map((text, index) => ({ text: text.replace(/\r$/, ""), number: index + 1 }))
    .filter(({ number }) => number >= start - around && number <= end + around && number <= lines.length)
    .map(({ text, number }) => {
      const mark = number >= start && number <= end ? ">>>" : "   ";
      return `${String(number).padStart(4)} | ${mark} ${text}`;
    });
  return `${dockerfile.name}:${start}\n${rule}\n${shown.join("\n")}\n${rule}\n`;
}
