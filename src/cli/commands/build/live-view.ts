import { visible } from "../../output/visible.ts";
import { describeProgress } from "../../progress/printer.ts";
import { type BuildView, OutputTails, seconds, warningLine } from "./view.ts";

/** Lines of output below a running step. */
const mostLines = 6;
/** Milliseconds between two updates. */
const interval = 100;

/** Opens a view that prints the finished steps and redraws the running steps below them with their last output. */
export function liveView(write: (text: string) => Promise<void>, columns: number): BuildView {
  const tails = new OutputTails();
  const running = new Map<number, number>();
  let pulling = "";
  let drawn = 0;
  let pending = "";
  let queue: Promise<void> = Promise.resolve();

  /** Erases the running steps, writes the pending text, and draws the running steps again. */
  const draw = () => {
    const moving = [...running].flatMap(([number, start]) => [
      stepLine(tails.label(number), seconds(performance.now() - start), columns),
      ...tails
        .lines(number)
        .slice(-mostLines)
        .map((line) => `=> => ${line}`),
    ]);
    if (pulling !== "") moving.push(`=> => ${pulling}`);
    const erase = drawn === 0 ? "" : `\x1b[${drawn}A\x1b[0J`;
    const lines = moving.map((line) => `${printable(line).slice(0, columns - 1)}\n`).join("");
    const text = erase + pending + lines;
    drawn = moving.length;
    pending = "";
    queue = queue.then(() => write(text));
    return queue;
  };
  const timer = setInterval(draw, interval);
  timer.unref();
  return {
    async show(line) {
      tails.record(line);
      switch (line.type) {
        case "started":
          running.set(line.step.number, performance.now());
          return;
        case "finished": {
          running.delete(line.number);
          pulling = "";
          const time = line.cached ? "CACHED" : seconds(line.milliseconds);
          pending += `${stepLine(tails.label(line.number), time, columns)}\n`;
          return;
        }
        case "pulling":
          pulling = describeProgress(line.progress);
          return;
        case "warning":
          pending += visible(warningLine(line));
          return;
      }
    },
    tail() {
      const last = tails.last();
      return last && { label: printable(last.label), lines: last.lines.map(printable) };
    },
    async end() {
      clearInterval(timer);
      running.clear();
      pulling = "";
      await draw();
    },
  };
}

/** Formats a step so that the time fits after a label of any length. */
function stepLine(label: string, time: string, columns: number): string {
  const room = Math.max(10, columns - time.length - 5);
  return `=> ${printable(label).slice(0, room).padEnd(room)} ${time}`;
}

/** Removes characters that move the cursor. */
function printable(text: string): string {
  return Bun.stripANSI(text).replace(/[\r\t\p{Cc}]/gu, " ");
}
