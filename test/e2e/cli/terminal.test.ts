import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CommandLine, openReal, openWithFake, realUnavailable } from "../support/command-line.ts";
import { openTerminal, type TerminalWindow, tmuxUnavailable } from "../support/terminal.ts";

if (tmuxUnavailable !== undefined) console.error(`skipped: ${tmuxUnavailable}`);

describe.each([
  ["a daemon of the tests", openWithFake, tmuxUnavailable !== undefined],
  ["the real daemon", openReal, (realUnavailable ?? tmuxUnavailable) !== undefined],
] as const)("a terminal with %s", (_, open, skipped) => {
  let tbox: CommandLine;
  beforeAll(async () => {
    if (!skipped) tbox = await open();
  });
  afterAll(async () => {
    await tbox?.[Symbol.asyncDispose]();
  });

  /** Opens a window with a shell in which `$RUN …` runs a command in a container. */
  function shell(options: string[]): TerminalWindow {
    const run = tbox.command(["run", "--rm", ...options, ...tbox.image]);
    const window = openTerminal(["env", "PS1=> ", `RUN=${run.join(" ")}`, "bash", "--norc"], {
      columns: 131,
      rows: 47,
    });
    window.type("bind 'set enable-bracketed-paste off'; clear", "Enter");
    return window;
  }

  test.skipIf(skipped)("has the right size and follows changes", async () => {
    using window = shell(["-it"]);
    window.type("$RUN sh -c 'stty size; trap \"stty size\" WINCH; while read -r x; do :; done'", "Enter");
    await window.shows(/^47 131$/m);
    window.resize(100, 40);
    await window.shows(/^40 100$/m);
  });

  test.skipIf(skipped)("passes every key to the program and is restored afterwards", async () => {
    using window = shell(["-it"]);
    window.type("$RUN sh", "Enter");
    await window.shows(/^\S*[$#]$/m);
    window.type("echo ab", "BSpace", "cd", "Enter");
    await window.shows(/^acd$/m);
    window.type("echo begun; sleep 100", "Enter");
    await window.shows(/^begun$/m);
    window.type("C-c");
    await window.shows(/\^C\s*\n\S*[$#]$/);
    window.type("echo 'still'here", "Enter");
    await window.shows(/^stillhere$/m);
    window.type("exit 42", "Enter");
    await window.shows(/^>$/m);
    window.type("echo code=$?; stty -a | grep -ow icanon", "Enter");
    expect(await window.shows(/icanon$/m)).toContain("code=42");
  });

  test.skipIf(skipped)(
    "gets the bytes of a raw program unchanged, and processes output again afterwards",
    async () => {
      using window = shell(["-it"]);
      window.type("$RUN sh -c 'stty raw; printf \"one\\ntwo\"; head -c 1 >/dev/null'", "Enter");
      // The line feed alone does not return to the first column.
      await window.shows(/^one *\n {3}two/m);
      window.type("x");
      await window.shows(/two.*>$/m);
      window.type("clear; stty -a | grep -q -- -opost || echo processed", "Enter");
      await window.shows(/^processed$/m);
    },
  );

  test.skipIf(skipped)("is detached from with Ctrl-P Ctrl-Q, and with --detach-keys", async () => {
    using window = shell(["-it"]);
    window.type("$RUN sh -c 'echo ready; sleep 30'", "Enter");
    await window.shows(/^ready/m);
    window.type("C-p", "C-q");
    await window.shows(/^read escape sequence$/m);
    window.type("echo code=$?; clear", "Enter");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    window.type("${RUN/ run / run --detach-keys ctrl-x,q } sh -c 'echo again; sleep 30'", "Enter");
    await window.shows(/^again/m);
    window.type("C-x", "q");
    await window.shows(/^read escape sequence$/m);
  });

  test.skipIf(skipped)("without -t, Ctrl-Z stops the client and Ctrl-C ends the program", async () => {
    using window = shell([]);
    window.type("$RUN sh -c 'trap \"exit 3\" INT; echo ready; while :; do sleep 0.05; done'", "Enter");
    await window.shows(/^ready$/m);
    window.type("C-z");
    await window.shows(/Stopped/);
    window.type("fg; echo code=$?", "Enter");
    await window.foreground(/^(?!bash$)/);
    window.type("C-c");
    await window.shows(/^(\^C)?code=3$/m);
  });

  test.skipIf(skipped)("is restored when a signal ends the client", async () => {
    using window = shell(["-it", "--sig-proxy=false"]);
    window.type("sh -c 'echo $$; exec \"$@\"' sh $RUN sh -c 'echo ready; sleep 30'", "Enter");
    const [, pid] = /^(\d+)\s*\nready/m.exec(await window.shows(/^\d+\s*\nready/m)) ?? [];
    process.kill(Number(pid), "SIGTERM");
    await window.shows(/^Terminated/m);
    window.type("clear; stty -a | grep -ow icanon", "Enter");
    await window.shows(/^icanon/m);
  });
});
