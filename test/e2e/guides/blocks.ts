/** How a block of commands is tested. */
type Treatment =
  | { kind: "run"; needs: string[] }
  /** Another test or script runs these commands. */
  | { kind: "tested"; by: string }
  /** The named program or service is not available to tests. */
  | { kind: "not-run"; reason: string };

/** A fenced block of shell commands on a page. */
export interface Block {
  /** Line of the page with the first command. */
  line: number;
  script: string;
  /** Undefined if the fence has no mark, or an unknown one. */
  treatment: Treatment | undefined;
}

/**
 * Returns the blocks of a Markdown page that begin with `sh`. The words after it say how the block is tested: `run`,
 * `run needs:PROGRAM`, `tested:FILE` or `not-run:REASON`.
 */
export function shellBlocks(page: string): Block[] {
  const lines = page.split("\n");
  return lines.flatMap((fence, index) => {
    const mark = /^```sh\b(.*)$/.exec(fence)?.[1];
    if (mark === undefined) return [];
    const end = lines.indexOf("```", index + 1);
    const script = lines.slice(index + 1, end).join("\n");
    return [{ line: index + 2, script, treatment: parseMark(mark.trim()) }];
  });
}

function parseMark(mark: string): Treatment | undefined {
  const [, first = "", value = ""] = /^(tested|not-run):(\S+)$/.exec(mark) ?? [];
  if (first === "tested") return { kind: "tested", by: value };
  if (first === "not-run") return { kind: "not-run", reason: value };
  if (!/^run( needs:\S+)*$/.test(mark)) return undefined;
  return { kind: "run", needs: [...mark.matchAll(/needs:(\S+)/g)].map(([, name = ""]) => name) };
}
