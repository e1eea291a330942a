import { until } from "#test/support/until.ts";

/** A program in a terminal window; the test types and reads the screen. */
export interface TerminalWindow extends Disposable {
  /** Types texts and keys by their tmux names: `C-c`, `Enter`, `BSpace`. */
  type(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen contains the text and returns the screen. */
  shows(wanted: RegExp): Promise<string>;
  /** Waits until the name of the program in the foreground, which keys such as `C-c` reach, matches. */
  foreground(name: RegExp): Promise<void>;
}

export const tmuxUnavailable: string | undefined = Bun.which("tmux") ? undefined : "tmux is not installed";

/** Milliseconds until `shows` fails with the screen; less than the time limit of a test. */
const patience = 45_000;

let count = 0;

/** Opens a window on a separate tmux server, without configuration and other sessions. */
export function openTerminal(command: string[], size: { columns: number; rows: number }): TerminalWindow {
  const server = `tbox-test-${process.pid}-${count++}`;
  const tmux = (...args: string[]) => {
    const result = Bun.spawnSync(["tmux", "-L", server, "-f", "/dev/null", ...args], { stderr: "pipe" });
    if (result.exitCode !== 0) throw new Error(`tmux ${args[0]}: ${result.stderr}`);
    return result.stdout.toString();
  };
  tmux("new-session", "-d", "-s", "w", "-x", `${size.columns}`, "-y", `${size.rows}`, ...command);
  return {
    type: (...keys) => void tmux("send-keys", "-t", "w", ...keys),
    resize: (columns, rows) => void tmux("resize-window", "-t", "w", "-x", `${columns}`, "-y", `${rows}`),
    async shows(wanted) {
      const deadline = performance.now() + patience;
      for (;;) {
        const screen = tmux("capture-pane", "-p", "-t", "w").trimEnd();
        if (wanted.test(screen)) return screen;
        if (performance.now() > deadline) throw new Error(`the screen never showed ${wanted}:\n${screen}`);
        await Bun.sleep(20);
      }
    },
    foreground: (name) =>
      until(() => name.test(tmux("display-message", "-p", "-t", "w", "#{pane_current_command}").trim())),
    [Symbol.dispose]: () => void Bun.spawnSync(["tmux", "-L", server, "kill-server"]),
  };
}
