/**
 * Records real commands and their output, and writes them as an SVG picture of a terminal.
 * Usage: bun scripts/terminal-picture.ts docs/images/terminal.svg, as an ordinary user, with `tbox` built.
 */
import { dirname, resolve } from "node:path";
import { temporaryDirectory } from "#test/support/temp.ts";

const commands = [
  "time tbox run --rm hello | head -n 9",
  "tbox run --rm --rootfs / --read-only busybox sh -c 'echo I am $(id -u), process $$'",
  "tbox run -d --name web -p 8080:80 --rootfs / busybox httpd -f -p 80 -h /usr/share/doc",
  "curl -sI localhost:8080/busybox-static/copyright | head -n 1",
  "tbox ps --format 'table {{.Names}}\\t{{.Status}}\\t{{.Ports}}'",
  "tbox rm -f web",
];

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("usage: bun scripts/terminal-picture.ts FILE.svg");
await Bun.write(target, draw(await record(commands)));

/** Runs the commands in one shell with an empty store and returns prompts and output, line by line. */
async function record(lines: string[]): Promise<string[]> {
  using directory = temporaryDirectory("picture");
  const environment = {
    HOME: directory.path,
    PATH: `${resolve(dirname(import.meta.dirname), "dist")}:${process.env.PATH ?? ""}`,
    TBOX_DATA_DIR: `${directory.path}/data`,
    TBOX_RUN_DIR: `${directory.path}/run`,
    TIMEFORMAT: "%3R s",
  };
  const shell = async (script: string) => {
    const child = Bun.spawn(["bash", "-c", `{ ${script}; } 2>&1`], {
      env: environment,
      stdout: "pipe",
      cwd: "/",
    });
    return (await child.stdout.text()).trimEnd().split("\n");
  };
  // The first command starts the daemon; the picture shows a start with a daemon.
  await shell("mkdir -p $TBOX_RUN_DIR; chmod 700 $TBOX_RUN_DIR; tbox run --rm hello");
  try {
    const recorded: string[] = [];
    for (const line of lines) {
      const output = await shell(`{ ${line}; }`);
      recorded.push(`$ ${line}`, ...output.filter((text) => text !== "").map(shorten));
    }
    return recorded;
  } finally {
    await shell("tbox rm -f web; tbox daemon stop");
  }
}

/** Cuts container IDs to the length that `tbox ps` shows. */
function shorten(line: string): string {
  return /^[0-9a-f]{64}$/.test(line) ? line.slice(0, 12) : line;
}

function draw(lines: string[]): string {
  const columns = Math.max(...lines.map((line) => line.length)) + 2;
  const [width, height] = [columns * 8.4 + 32, lines.length * 20 + 64];
  const rows = lines.map((line, index) => {
    const text = Bun.escapeHTML(line);
    const kind = line.startsWith("$ ") ? "command" : "output";
    return `  <text xml:space="preserve" class="${kind}" x="20" y="${index * 20 + 56}">${text}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>tbox in a terminal</title>
  <style>
    text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
    .command { fill: #7ee787; } .output { fill: #e6edf3; }
  </style>
  <rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
  <g fill="#484f58"><circle cx="24" cy="20" r="6"/><circle cx="44" cy="20" r="6"/><circle cx="64" cy="20" r="6"/></g>
${rows.join("\n")}
</svg>
`;
}
