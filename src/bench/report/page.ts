import type { BenchResult } from "../result.ts";
import { distributionChart, medianChart, phaseChart, type Size, throughputChart } from "./charts.ts";
import { machineLines, type Table, tablesOf, throughputTitles } from "./table.ts";

/** Returns a self-contained HTML page: no scripts, and no other file is loaded. */
export function pageOf(result: BenchResult): string {
  const title = `tbox bench ${result.benchmark}`;
  const settings = Object.entries(result.settings).map(([name, value]) => `${name}: ${value}`);
  const facts = [
    `tbox ${result.version}, ${result.date}`,
    settings.join(", "),
    ...machineLines(result.machine),
  ];
  const body = [
    `<h1>${escaped(title)}</h1>`,
    `<ul class="facts">${facts.map((fact) => `<li${warningClass(fact)}>${escaped(fact)}</li>`).join("")}</ul>`,
    ...figures(result),
    "<h2>Figures</h2>",
    ...tablesOf(result).map(tableHtml),
    ...skippedHtml(result),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body.join("\n")}
</main>
</body>
</html>
`;
}

const style = `
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; }
main { max-width: 960px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
.facts { padding-left: 1.2rem; font-size: 0.9rem; overflow-wrap: anywhere; } .warning { color: #a02020; font-weight: 600; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: 0.85rem; color: #555; }
svg { max-width: 100%; height: auto; display: block; } .narrow { display: none; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } caption { text-align: left; font-weight: 600; padding: 1rem 0 0.3rem; }
@media (max-width: 700px) { .wide { display: none; } .narrow { display: block; } }
@media print { .wide { display: block; } .narrow { display: none; } main { max-width: none; } .scroll { overflow: visible; } }
`;

function figures({ groups, throughput, phases }: BenchResult): string[] {
  const parts = groups.flatMap((group) => {
    const measured = group.series.filter(({ samples }) => samples.length > 0);
    if (measured.length === 0) return [];
    const chart = group.id === "interleaved" && measured.length > 1;
    const medians = chart ? [figure("median of each candidate", (size) => medianChart(group, size))] : [];
    const boxes = figure("boxes: quartiles and median; lines: 5 % to 95 % of the runs", (size) =>
      distributionChart(group, size),
    );
    return [`<h2>${escaped(group.title)}</h2>`, ...medians, boxes];
  });
  if (phases.length > 0) {
    parts.push("<h2>phases of a start</h2>");
    parts.push(
      figure("medians over the API, ms since the create request", (size) => phaseChart(phases, size)),
    );
  }
  for (const kind of ["clients", "burst"] as const) {
    const some = throughput.filter((one) => one.kind === kind);
    if (some.length === 0) continue;
    parts.push(`<h2>${throughputTitles[kind]}</h2>`);
    parts.push(figure("containers per second", (size) => throughputChart(some, size)));
  }
  return parts;
}

/** Draws a picture for wide pages and another for phones; the style sheet shows one of them. */
function figure(caption: string, draw: (size: Size) => string): string {
  const wide = draw({ width: 920, narrow: false });
  const narrow = draw({ width: 350, narrow: true });
  return `<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${escaped(caption)}</figcaption></figure>`;
}

function tableHtml({ title, rows: [heading = [], ...rows] }: Table): string {
  const cells = (tag: string, row: string[]) =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("");
  const lines = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n");
  return `<div class="scroll"><table><caption>${escaped(title)}</caption>
<thead><tr>${cells("th", heading)}</tr></thead>
<tbody>
${lines}
</tbody></table></div>`;
}

function skippedHtml({ skipped }: BenchResult): string[] {
  if (skipped.length === 0) return [];
  const lines = skipped.map(({ name, reason }) => `<li>${escaped(name)}: ${escaped(reason)}</li>`);
  return ["<h2>Not measured</h2>", `<ul class="facts">${lines.join("")}</ul>`];
}

function warningClass(fact: string): string {
  return fact.startsWith("noisy: ") ? ' class="warning"' : "";
}

function escaped(text: string): string {
  return Bun.escapeHTML(text);
}
