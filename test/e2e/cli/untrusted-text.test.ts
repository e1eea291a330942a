import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { repository } from "#test/support/repository.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";
import { openTerminal, tmuxUnavailable } from "../support/terminal.ts";

const obstacle = shellUnavailable ?? tmuxUnavailable;
const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
/** Text that sets the window's title, clears the screen, and inserts input on terminals that answer such requests. */
const evil = "\x1b]0;owned\x07\x1b[2J\x9b5nevil";

daemonSuite(
  "text of images and containers",
  { obstacle, prepare: (daemon) => loadShell(daemon, "box:1") },
  (daemon) => {
    const create = async () => {
      const { code, stdout } = await daemon.tbox(["create", "--label", `x=${evil}`, "box:1", "echo", evil]);
      expect(code).toBe(0);
      return stdout.trim();
    };

    test("reaches a pipe unchanged", async () => {
      const id = await create();
      const { stdout } = await daemon.tbox([
        "ps",
        "-a",
        "--no-trunc",
        "--format",
        "{{.Command}} {{.Labels}}",
      ]);
      expect(stdout).toContain(`x=${evil}`);
      await daemon.tbox(["rm", id]);
    });

    test.each([
      { command: ["ps", "-a", "--no-trunc"] },
      { command: ["ps", "-a", "--format", "{{.Labels}}"] },
      { command: ["inspect", "--format", "{{.Args}}"] },
      { command: ["run", evil] },
    ])("is shown by $command without control characters", async ({ command }) => {
      const id = await create();
      const program = [`${repository}/dist/tbox`, ...command, ...(command[0] === "inspect" ? [id] : [])];
      const variables = Object.entries(daemon.environment).map(([name, value]) => `${name}=${value}`);
      const line = `echo shown; ${program.map(quote).join(" ")}; echo done; sleep 1000`;
      using window = openTerminal(["env", ...variables, "sh", "-c", line], { columns: 400, rows: 40 });
      const text = await window.shows(/^done$/m);
      expect(text).toContain("shown");
      expect(text).toContain("\\x1b]0;owned\\x07\\x1b[2J\\x9b5nevil");
      await daemon.tbox(["rm", id]);
    });
  },
);
