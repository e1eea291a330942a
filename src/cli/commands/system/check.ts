import { requestLines } from "#client/api.ts";
import { registryAuths } from "#client/credentials/credentials.ts";
import { type JsonObject, numberAt, objectAt, textAt, textsAt } from "#client/json.ts";
import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printWarning } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const systemCheckCommand = command({
  name: "system check",
  summary: "Verify stored images and repair damage",
  description: "Reads every blob and compares every layer with its blob. Exits with 1 if damage remains.",
  synopsis: "[OPTIONS]",
  flags: { repair: bool("Pull damaged blobs and layers again from their registries") },
  arguments: exactly(0),
  examples: [{ line: "tbox system check --repair", purpose: "Pull damaged content again" }],
  async run({ flags: { repair } }) {
    const warn = printWarning;
    const headers = repair ? { "X-Registry-Config": configHeader(await registryAuths(warn)) } : {};
    const query = { repair: repair ? "1" : undefined };
    let left = 0;
    for await (const line of requestLines("POST", "/tbox/check", { query, headers })) {
      const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
      if (message !== "") throw new ExitError(message, 1);
      if ("damage" in line) {
        const damage = objectAt(line, "damage");
        if ("unrepaired" in damage) left++;
        await print(describe(damage));
      } else await print(sum(objectAt(line, "summary"), left));
    }
    return left === 0 ? 0 : 1;
  },
});

/** Docker's header for several registries has objects where that for one has their encoding. */
function configHeader(auths: Record<string, string>): string {
  const entries = Object.entries(auths).map(
    ([key, auth]) => `${JSON.stringify(key)}:${Buffer.from(auth, "base64url")}`,
  );
  return Buffer.from(`{${entries.join(",")}}`).toString("base64url");
}

function describe(damage: JsonObject): string {
  const images = textsAt(damage, "images").join(", ");
  const whose = images === "" ? "" : ` (${images})`;
  const reason = textAt(damage, "unrepaired");
  const outcome = "unrepaired" in damage ? `not repaired: ${reason}` : "repaired";
  const what = `${textAt(damage, "kind")} ${textAt(damage, "digest")}`;
  return `${what}${whose}: ${textAt(damage, "problem")}: ${outcome}\n`;
}

function sum(summary: JsonObject, left: number): string {
  const parts = ["images", "layers", "blobs"].map((name) => `${numberAt(summary, name)} ${name}`);
  return `${parts.join(", ")}: ${left === 0 ? "no damage" : `${left} damaged`}\n`;
}
