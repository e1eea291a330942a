import type { BuildEvent, CacheUsage } from "#builds/builder.ts";
import { shapeProgress } from "./progress.ts";

/** Docker's lines for what happens in a build; when quiet only the image's ID. */
export function classicLines(quiet: boolean): (event: BuildEvent) => object[] {
  if (quiet) return (event) => (event.type === "built" ? [{ stream: `${event.image}\n` }] : []);
  const containers = new Map<number, string>();
  const froms = new Set<number>();
  return (event) => {
    switch (event.type) {
      case "started": {
        const { number, total, text } = event.step;
        if (/^from\s/i.test(text)) froms.add(number);
        return [{ stream: `Step ${number}/${total} : ${text}\n` }];
      }
      case "running":
        containers.set(event.number, event.container);
        return [{ stream: ` ---> Running in ${event.container.slice(0, 12)}\n` }];
      case "output":
        return outputLines(event.text, event.stream);
      case "finished": {
        const container = containers.get(event.number);
        const cached = event.cached && !froms.has(event.number);
        return [
          ...(cached ? [{ stream: " ---> Using cache\n" }] : []),
          ...(container
            ? [{ stream: ` ---> Removed intermediate container ${container.slice(0, 12)}\n` }]
            : []),
          { stream: ` ---> ${event.id}\n` },
        ];
      }
      case "pulling":
        return [shapeProgress(event.progress)];
      case "warning":
        // Docker's classic builder has no checks but one.
        if (event.rule !== undefined && event.rule !== "NoEmptyContinuation") return [];
        return [{ stream: `[Warning] ${event.text}\n` }];
      case "built":
        return [
          { aux: { ID: event.image } },
          { stream: `Successfully built ${event.image.slice("sha256:".length, "sha256:".length + 12)}\n` },
          ...event.tags.map((tag) => ({ stream: `Successfully tagged ${tag}\n` })),
        ];
      case "dockerfile":
      case "checked":
        return [];
    }
  };
}

/** Errors are red, as Docker has always shown them, each line by itself. */
function outputLines(text: string, stream: "stdout" | "stderr"): object[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.map((line) => ({ stream: stream === "stderr" ? `\x1b[91m${line}\x1b[0m` : line }));
}

/** An item of `BuildCache` of `GET /system/df`. */
export function shapeCacheUsage(usage: CacheUsage) {
  const { id, type, description, size, created, lastUsed, uses, shared, inUse } = usage;
  return {
    ID: id,
    Type: type,
    Description: description,
    InUse: inUse,
    Shared: shared,
    Size: size,
    CreatedAt: new Date(created).toISOString(),
    LastUsedAt: new Date(lastUsed).toISOString(),
    UsageCount: uses,
  };
}
