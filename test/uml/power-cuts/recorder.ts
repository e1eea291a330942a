import { existsSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { formatStep, type Step } from "./expectations.ts";
import { tell } from "./messages.ts";

/** Records a step outside the guest before it returns. */
export type RecordStep = (step: Step) => void;

const marks = "/run/marks";

/** Records steps as marks in the log of the disk's writes, or in a file of the host if there is no log. */
export function openRecorder(file: string): RecordStep {
  const write = existsSync(marks) ? openMarks() : openFile(file);
  return (step) => {
    write(formatStep(step));
    if (step.kind === "done") tell({ kind: "acknowledged" });
  };
}

function openFile(file: string): (text: string) => void {
  const steps = openSync(file, "a");
  return (text) => {
    writeSync(steps, `${text}\n`);
    // The file is the host's as soon as it is written back.
    fsyncSync(steps);
  };
}

/** Sends marks to root's process that writes them, and waits until each is in the log. */
function openMarks(): (text: string) => void {
  const requests = openSync(marks, "w");
  const answers = openSync("/run/marked", "r");
  const answer = Buffer.alloc(1);
  return (text) => {
    writeSync(requests, `${text}\n`);
    readSync(answers, answer);
  };
}
