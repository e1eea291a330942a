import { writeFile } from "node:fs/promises";
import { text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { readResult } from "./read-result.ts";
import { renderResult } from "./render-result.ts";

export const benchShowCommand = command({
  name: "bench show",
  summary: "Show the result of a benchmark",
  description: "FILE has the output of --json.",
  synopsis: "[OPTIONS] FILE",
  flags: { html: text("Write a page with plots to a file", { valueName: "file", completes: "file" }) },
  arguments: exactly(1),
  examples: [
    { line: "tbox bench show --html page.html today.json", purpose: "Make a page of a kept result" },
  ],
  async run({ flags: { html }, positionals: [path = ""] }) {
    const result = await readResult(path);
    if (html !== undefined) {
      const { pageOf } = await import("#bench/report/page.ts");
      await writeFile(html, pageOf(result));
    }
    await print(renderResult(result));
    return 0;
  },
});
