import { isObject, type JsonObject, objectAt, textAt } from "../json.ts";
import type { Environment } from "./docker-config.ts";

/** The helper for a registry's key, as the configuration file says; an empty name means the file itself. */
export function helperFor(config: JsonObject, key: string): string {
  const helpers = objectAt(config, "credHelpers");
  const host = key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  const own = [key, host].find((name) => Object.hasOwn(helpers, name));
  return own === undefined ? textAt(config, "credsStore") : textAt(helpers, own);
}

export interface HelperCall {
  helper: string;
  action: "get" | "store" | "erase";
  input: string;
  environment: Environment;
}

/** What a helper answers; throws, naming it, when it is not there or fails. */
export async function callHelper({ helper, action, input, environment }: HelperCall): Promise<string> {
  const program = `docker-credential-${helper}`;
  try {
    const child = Bun.spawn([program, action], {
      env: environment,
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "ignore",
    });
    const answer = await new Response(child.stdout).text();
    // What a helper fails with it says on standard output; an answer holds a secret and is never shown.
    if ((await child.exited) !== 0) throw new HelperFailure(answer.trim().split("\n", 1)[0] ?? "");
    return answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HelperFailure(`the credential helper ${program} does not work: ${reason}`, error);
  }
}

/** The user and secret in a helper's answer; nothing when it knows none for the key. */
export async function askHelper(
  helper: string,
  key: string,
  environment: Environment,
): Promise<{ user: string; secret: string } | undefined> {
  try {
    const value: unknown = JSON.parse(await callHelper({ helper, action: "get", input: key, environment }));
    if (!isObject(value)) return undefined;
    const [user, secret] = [textAt(value, "Username"), textAt(value, "Secret")];
    return user === "" ? undefined : { user, secret };
  } catch (error) {
    if (error instanceof HelperFailure && /credentials not found/i.test(error.message)) return undefined;
    throw error;
  }
}

class HelperFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "HelperFailure";
  }
}
