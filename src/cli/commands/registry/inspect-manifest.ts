import type { ManifestAnswer } from "#api/answers/images.ts";
import { registryAuth } from "#client/credentials/credentials.ts";
import { fetchJson } from "#client/endpoints.ts";
import { bool, unsupportedBool } from "../../flags/kinds.ts";
import { print, printWarning } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const inspectManifestCommand = command({
  name: "manifest inspect",
  summary: "Display an image manifest, or manifest list",
  description: "Asks the registry of the image and stores nothing.",
  synopsis: "[OPTIONS] MANIFEST",
  flags: {
    insecure: unsupportedBool("Allow communication with an insecure registry", {
      reason: "list the registry in insecure-registries of config.json",
    }),
    verbose: bool("Output additional info including layers and platform", { short: "v" }),
  },
  arguments: exactly(1),
  examples: [{ line: "tbox manifest inspect debian:12", purpose: "Show the platforms of an image" }],
  async run({ flags, positionals: [name = ""] }) {
    const answer = await fetchManifest(name);
    const shown = flags.verbose ? await describe(answer) : contentOf(answer);
    await print(`${JSON.stringify(shown, undefined, "\t")}\n`);
    return 0;
  },
});

async function fetchManifest(name: string): Promise<ManifestAnswer> {
  const auth = await registryAuth(name, printWarning);
  const headers = auth === undefined ? {} : { "X-Registry-Auth": auth };
  return fetchJson("GET /tbox/manifests/{name}", { name, headers });
}

/** Returns a manifest with its name and descriptor, or those of an index, as Docker's client does. */
async function describe(answer: ManifestAnswer): Promise<unknown> {
  const content = contentOf(answer);
  if (!("manifests" in content) || !Array.isArray(content.manifests)) return details(answer, content);
  const repository = answer.Reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  const children: Pick<ManifestAnswer["Descriptor"], "digest" | "platform">[] = content.manifests;
  return Promise.all(
    children.map(async ({ digest, platform }) => {
      const child = await fetchManifest(`${repository}@${digest}`);
      const Descriptor = { ...child.Descriptor, ...(platform ? { platform } : {}) };
      return details({ ...child, Descriptor }, contentOf(child));
    }),
  );
}

function details({ Reference, Descriptor, Manifest }: ManifestAnswer, content: object): object {
  const kind = Descriptor.mediaType.startsWith("application/vnd.oci.") ? "OCIManifest" : "SchemaV2Manifest";
  return { Ref: Reference, Descriptor, Raw: Manifest, [kind]: content };
}

function contentOf({ Manifest }: ManifestAnswer): object {
  return JSON.parse(Buffer.from(Manifest, "base64").toString());
}
