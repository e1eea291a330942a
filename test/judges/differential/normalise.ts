import type { Content } from "./read-content.ts";
import type { Engine } from "./step.ts";

/** Keys whose numbers differ between any two runs: only their type and sign are compared. */
const measured =
  /^(Created|created|time|timeNano|Pid|MemTotal|Size|SizeRw|SizeRootFs|VirtualSize|LayersSize|SpaceReclaimed|pid|UsageData|execDuration)$/;

/** Texts that differ between any two runs, and their replacements. */
const varying: [RegExp, string][] = [
  [/\b[0-9a-f]{64}\b/g, "<id>"],
  [/\b[0-9a-f]{12}\b/g, "<short>"],
  [/\b(?!0001-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>"],
  [/\b(172|10)(\.\d+){3}\b/g, "<address>"],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "<mac>"],
  [/\b(less than a|about a|\d+) (second|minute)s?\b/gi, "<age>"],
];

/** Names that an engine generates for containers. */
const inventedName = /^[a-z]+[_-][a-z]+\d?$/;

/** Returns a value in which ids, times, addresses and paths of the engine's store have fixed names. */
export function normalise(engine: Engine, root: string, content: Content): unknown {
  return clean(content.kind === "json" ? content.value : content);

  function clean(value: unknown, key = ""): unknown {
    if (key === "name" && typeof value === "string" && inventedName.test(value)) return "<invented>";
    if (typeof value === "string") return cleanText(value);
    if (typeof value === "number" && measured.test(key)) return value > 0 ? "<number>" : value;
    if (Array.isArray(value)) return joinStreams(ordered(key, value)).map((one) => clean(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [cleanText(name), clean(one, name)]),
    );
  }

  function cleanText(text: string): string {
    let cleaned = text.replaceAll(root, "<root>");
    for (const [name, id] of engine.saved) {
      const hex = id.replace(/^sha256:/, "");
      cleaned = cleaned.replaceAll(hex, `<${name}>`).replaceAll(hex.slice(0, 12), `<${name} short>`);
    }
    for (const [pattern, name] of varying) cleaned = cleaned.replace(pattern, name);
    return cleaned;
  }
}

/** Lists whose order depends on a Go map or on timing in Docker. */
const unordered = /^(Ports|Mounts|Networks|Volumes|DNSNames|NetworksDeleted|VolumesDeleted|Aliases)$/;

function ordered(key: string, values: unknown[]): unknown[] {
  const rank = (value: unknown): string => {
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    if ("RepoTags" in value) return JSON.stringify(value.RepoTags);
    return "Name" in value ? String(value.Name) : JSON.stringify(value);
  };
  const listed = values.some(
    (value) => typeof value === "object" && value !== null && ("RepoTags" in value || "Scope" in value),
  );
  if (!listed && !unordered.test(key)) return values;
  return values.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Joins texts of a build's output that follow one another: the engines split them differently. */
function joinStreams(values: unknown[]): unknown[] {
  const joined: unknown[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") joined.push({ stream: text });
    text = "";
  };
  for (const value of values) {
    if (typeof value === "object" && value !== null && "stream" in value) text += String(value.stream);
    else {
      flush();
      joined.push(value);
    }
  }
  flush();
  return joined;
}
