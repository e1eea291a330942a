import { fetchLines } from "#client/endpoints.ts";
import { writeStandardError } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { type DockerfileText, excerpt } from "./excerpt.ts";
import { type PreparedBuild, requestBody } from "./request.ts";

/** Prints the findings of the Dockerfile checks. Returns the exit status: 1 if there are findings. */
export async function checkDockerfile(prepared: PreparedBuild): Promise<number> {
  let dockerfile: DockerfileText | undefined;
  let findings = 0;
  for await (const line of fetchLines("POST /tbox/build", { body: requestBody(prepared) })) {
    switch (line.type) {
      case "dockerfile":
        dockerfile = line;
        break;
      case "warning":
        await print(`WARNING: ${line.text}\n${excerpt(dockerfile, line.lines)}\n`);
        break;
      case "failed":
        await writeStandardError(excerpt(dockerfile, line.lines));
        throw new ExitError(line.message, 1);
      case "checked":
        findings = line.findings;
    }
  }
  if (findings === 0) await print("Check complete, no warnings found.\n");
  else await print(`Check complete, ${findings} warning${findings === 1 ? " has" : "s have"} been found!\n`);
  return findings === 0 ? 0 : 1;
}
