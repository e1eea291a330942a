import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { print } from "../output/output.ts";
import { isUnreadable } from "./input.ts";

/** Asks for confirmation of a removal; returns whether the user agrees. `force` skips the question. */
export async function confirm(warning: string, force: boolean): Promise<boolean> {
  if (force) return true;
  needOwnProcess();
  await print(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const reply = await readLine();
  if (reply === undefined) await print("\n");
  return /^y(es)?$/i.test(reply?.trim() ?? "");
}

/** Reads the first line of standard input; returns undefined for an empty input. */
async function readLine(): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of Bun.stdin.stream()) {
      text += decoder.decode(chunk, { stream: true });
      const end = text.indexOf("\n");
      if (end !== -1) return text.slice(0, end);
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  return text === "" ? undefined : text;
}
