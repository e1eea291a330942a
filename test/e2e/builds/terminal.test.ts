import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { repository } from "#test/support/repository.ts";
import { type ContextFiles, writeContext } from "../support/build.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { openTerminal, tmuxUnavailable } from "../support/terminal.ts";

const unavailable = shellUnavailable ?? tmuxUnavailable;
daemonSuite("a build in a terminal", { obstacle: unavailable, prepare: loadBox }, (daemon) => {
  const open = (files: ContextFiles) => {
    const context = writeContext(files);
    const environment = Object.entries(daemon.environment).map(([name, value]) => `${name}=${value}`);
    const script = `trap : INT; ${repository}/dist/tbox build ${context.path}; echo "code $?"; read -r x`;
    const command = ["env", "-i", "TERM=xterm", ...environment, "sh", "-c", script];
    const window = openTerminal(command, { columns: 60, rows: 30 });
    return {
      ...window,
      [Symbol.dispose]() {
        window[Symbol.dispose]();
        context[Symbol.dispose]();
      },
    };
  };

  test("shows running steps with duration and last output, and finished steps", async () => {
    const dockerfile = [
      "FROM box:1 AS one",
      "RUN echo told; until test -e /proc/nope; do sleep 0.05; done",
      "",
    ].join("\n");
    using window = open({ Dockerfile: dockerfile });
    const screen = await window.shows(/=> \[2\/2\] RUN echo told.* [1-9]\d*\.\ds\n=> => told$/m);
    expect(screen).toMatch(/^=> \[1\/2\] FROM box:1 AS one +CACHED$/m);
    window.type("C-c");
    await window.shows(/code 130$/m);
  });

  test("shows the last output of a failed step", async () => {
    const noise = "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done";
    using window = open({ Dockerfile: `FROM box:1\nRUN ${noise}; printf '\\033[2Jno'; exit 3\n` });
    const screen = await window.shows(/code 1$/m);
    expect(screen).toContain("line 1\nline 2\n");
    expect(screen).toContain("line 9\nno\n");
    expect(screen).toMatch(/^ +2 \| >>> RUN for i/m);
    expect(screen).toMatch(/returned a\s+non-zero code: 3/);
  });
});
