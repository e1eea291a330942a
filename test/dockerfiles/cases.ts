import type { TestDaemon } from "#test/support/daemon.ts";
import { until } from "#test/support/until.ts";

/** A realistic Dockerfile, in the folder of its name. */
export interface DockerfileCase {
  name: string;
  /** Base image: one with a shell, or Debian with a reachable mirror. */
  base: "shell" | "debian";
  options: string[];
  /** Checks the image; throws when it does not work. */
  check(daemon: TestDaemon, image: string): Promise<void>;
}

export const dockerfiles: DockerfileCase[] = [
  { name: "stages", base: "shell", options: [], check: prints([], allParts()) },
  {
    name: "site",
    base: "shell",
    options: ["--build-arg", "TITLE=from the caller"],
    check: serves("8080", "<h1>site</h1>\n<!-- from the caller -->\n"),
  },
  { name: "c", base: "debian", options: [], check: prints(["20", "20", "2"], "42\n") },
  {
    name: "go",
    base: "debian",
    options: ["--build-arg", "VERSION=1.2.3"],
    check: prints([], "go 1.2.3 as 65532\n"),
  },
  { name: "rust", base: "debian", options: [], check: prints(["a", "b c"], "rust counts 2 words\n") },
  {
    name: "python",
    base: "debian",
    options: [],
    check: prints(["some", "words"], "python 3 in /venv: some words\n"),
  },
  { name: "node", base: "debian", options: [], check: serves("3000", "node as production: 2d\n") },
  { name: "packages", base: "debian", options: [], check: stores() },
  { name: "nginx", base: "debian", options: [], check: serves("80", "<h1>built by a stage</h1>\n") },
];

function allParts(): string {
  return Array.from({ length: 17 }, (_, index) => `part ${index + 1}\n`).join("");
}

function prints(words: string[], expected: string): DockerfileCase["check"] {
  return async (daemon, image) => {
    const { stdout, stderr } = await daemon.tbox(["run", "--rm", image, ...words]);
    if (stdout !== expected) throw new Error(`printed ${JSON.stringify(stdout)}, ${stderr}`);
  };
}

/** Checks that a volume keeps the files of a removed container. */
function stores(): DockerfileCase["check"] {
  return async (daemon, image) => {
    await daemon.tbox(["volume", "rm", "-f", "words"]);
    for (const expected of ["2|two\n", "4|two\n"]) {
      const run = ["run", "--rm", "-i", "-v", "words:/data", image];
      const { stdout, stderr } = await daemon.tbox(run, { stdin: '["one", "two"]' });
      if (stdout !== expected) throw new Error(`printed ${JSON.stringify(stdout)}, ${stderr}`);
    }
  };
}

function serves(port: string, expected: string): DockerfileCase["check"] {
  return async (daemon, image) => {
    const { stdout, stderr, code } = await daemon.tbox(["run", "-d", "-p", `127.0.0.1::${port}`, image]);
    if (code !== 0) throw new Error(stderr);
    const id = stdout.trim();
    const published = (await daemon.tbox(["port", id, port])).stdout.trim();
    const answer = () => fetch(`http://${published}/`).catch(() => undefined);
    try {
      await until(async () => {
        const { stdout: running } = await daemon.tbox(["inspect", "-f", "{{.State.Running}}", id]);
        if (running.trim() !== "true") throw new Error((await daemon.tbox(["logs", id])).stderr);
        return (await answer())?.ok === true;
      });
      const text = await (await answer())?.text();
      if (text !== expected) throw new Error(`answered ${JSON.stringify(text)}`);
    } finally {
      await daemon.tbox(["rm", "-f", id]);
    }
  };
}
