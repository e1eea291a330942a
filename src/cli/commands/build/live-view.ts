import { type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { describeProgress } from "../../progress/printer.ts";
import { type BuildView, OutputTails, seconds, stepNumber, warningLine } from "./view.ts";

/** Lines of output shown below a step that runs. */
const mostLines = 6;
/** Milliseconds between two drawings. */
const interval = 100;

/** Steps that have ended as lines that stay; below them those that run, with their times and last output. */
export function liveView(write: (text: string) => Promise<void>, columns: number): BuildView {
  const tails = new OutputTails();
  const running = new Map<number, number>();
  let pulling = "";
  let drawn = 0;
  let pending = "";
  let queue: Promise<void> = Promise.resolve();

  /** Takes the moving lines away, writes what is to stay, and draws the moving lines anew. */
  const draw = () => {
    const moving = [...running].flatMap(([number, begun]) => [
      stepLine(tails.label(number), seconds(performance.now() - begun), columns),
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
    async show(event) {
      const number = stepNumber(event);
      tails.note(event);
      switch (textAt(event, "type")) {
        case "started":
          running.set(number, performance.now());
          return;
        case "finished":
          running.delete(number);
          pulling = "";
          pending += `${doneLine(event, tails.label(number), columns)}\n`;
          return;
        case "pulling":
          pulling = describeProgress(objectAt(event, "progress"));
          return;
        case "warning":
          pending += warningLine(event);
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

function doneLine(event: JsonObject, label: string, columns: number): string {
  return stepLine(
    label,
    event.cached === true ? "CACHED" : seconds(numberAt(event, "milliseconds")),
    columns,
  );
}

/** However long the label is, the time is there to be seen. */
function stepLine(label: string, time: string, columns: number): string {
  const room = Math.max(10, columns - time.length - 5);
  return `=> ${printable(label).slice(0, room).padEnd(room)} ${time}`;
}

/** Without what would move the cursor. */
function printable(text: string): string {
  return Bun.stripANSI(text).replace(/[\r\t\p{Cc}]/gu, " ");
}
