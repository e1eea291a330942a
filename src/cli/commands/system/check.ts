import type { CheckLineAnswer } from "#api/answers/builds.ts";
import { registryAuths } from "#client/credentials/credentials.ts";
import { fetchLines } from "#client/endpoints.ts";
import { bool } from "../../flags/kinds.ts";
import { print, printWarning } from "../../output/output.ts";
import { throwFailure } from "../../progress/failure.ts";
import { command, exactly } from "../../registry/command.ts";

export const systemCheckCommand = command({
  name: "system check",
  summary: "Verify stored images and repair damage",
  description:
    "Reads every blob, compares every layer with its blob, and measures again what `tbox system df` has cached. Exits with 1 if damage remains.",
  synopsis: "[OPTIONS]",
  flags: { repair: bool("Pull damaged blobs and layers again from their registries") },
  arguments: exactly(0),
  examples: [{ line: "tbox system check --repair", purpose: "Pull damaged content again" }],
  async run({ flags: { repair } }) {
    const warn = printWarning;
    const headers = repair ? { "X-Registry-Config": configHeader(await registryAuths(warn)) } : {};
    const query = { repair: repair ? "1" : undefined };
    let left = 0;
    for await (const line of fetchLines("POST /tbox/check", { query, headers })) {
      throwFailure(line);
      const { damage, size, summary } = line;
      if (damage?.unrepaired !== undefined) left++;
      if (damage) await print(describeDamage(damage));
      if (size) await print(describeSize(size));
      if (summary) await print(describeSummary(summary, left));
    }
    return left === 0 ? 0 : 1;
  },
});

/** Encodes `X-Registry-Config`. Decodes the credentials first, because the header contains them as JSON objects. */
function configHeader(auths: Record<string, string>): string {
  const entries = Object.entries(auths).map(
    ([key, auth]) => `${JSON.stringify(key)}:${Buffer.from(auth, "base64url")}`,
  );
  return Buffer.from(`{${entries.join(",")}}`).toString("base64url");
}

type Damage = NonNullable<CheckLineAnswer["damage"]>;

function describeDamage({ kind, digest, images, problem, unrepaired }: Damage): string {
  const users = images.length === 0 ? "" : ` (${images.join(", ")})`;
  const outcome = unrepaired === undefined ? "repaired" : `not repaired: ${unrepaired}`;
  return `${kind} ${digest}${users}: ${problem}: ${outcome}\n`;
}

function describeSize({ kind, id, cached, measured }: NonNullable<CheckLineAnswer["size"]>): string {
  return `${kind} ${id}: "tbox system df" had ${cached} bytes instead of ${measured}: corrected\n`;
}

function describeSummary(summary: NonNullable<CheckLineAnswer["summary"]>, left: number): string {
  const { images, layers, blobs } = summary;
  const outcome = left === 0 ? "no damage" : `${left} damaged`;
  return `${images} images, ${layers} layers, ${blobs} blobs: ${outcome}\n`;
}
