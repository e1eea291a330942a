import { Elysia } from "elysia";
import type { DistributionAnswer, ImageSearchResult, ManifestAnswer } from "#api/answers/images.ts";
import type { LoginAnswer } from "#api/answers/system.ts";
import { searchImagesQuery } from "#api/requests/images.ts";
import { parseRegistryAuth, registryAuthSchema } from "#api/requests/registry-auth.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import { canonicalName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { shapeSearchResult } from "../answers/images/search-result.ts";
import { parseImageName, parseImagePath } from "../requests/image-path.ts";
import { jsonBody } from "../requests/json-body.ts";
import { parseLogin } from "../requests/log-in.ts";
import { parseSearchLimit } from "../requests/search-limit.ts";

/** Requests that query registries and change nothing in the store. */
export function registryRoutes(images: ImageTransfer) {
  return new Elysia()
    .post(
      "/auth",
      async ({ body, request: { signal } }): Promise<LoginAnswer> => {
        const { domain, credentials } = parseLogin(body);
        await images.logIn(domain, credentials, signal);
        return { Status: "Login Succeeded", IdentityToken: "" };
      },
      { body: registryAuthSchema, parse: jsonBody },
    )
    .get("/distribution/*", async ({ params: { "*": rest }, request }): Promise<DistributionAnswer> => {
      const { name } = parseImagePath(rest, ["json"]);
      const { descriptor, platforms } = await images.inspectRemote(parseReference(name), optionsOf(request));
      return { Descriptor: descriptor, Platforms: platforms };
    })
    .get("/tbox/manifests/*", async ({ params: { "*": rest }, request }): Promise<ManifestAnswer> => {
      const reference = withDefaultTag(parseReference(parseImageName(rest)));
      const { descriptor, platforms, bytes } = await images.inspectRemote(reference, optionsOf(request));
      const [platform, ...others] = platforms;
      return {
        Reference: canonicalName(reference),
        Descriptor: { ...descriptor, ...(platform && others.length === 0 ? { platform } : {}) },
        Manifest: Buffer.from(bytes).toString("base64"),
      };
    })
    .get(
      "/images/search",
      async ({ query: { term = "", limit, filters = new Map() }, request }): Promise<ImageSearchResult[]> => {
        const options = { ...optionsOf(request), limit: parseSearchLimit(limit), filters };
        const found = await images.search(term, options);
        return found.map(shapeSearchResult);
      },
      { query: searchImagesQuery },
    );
}

/** Returns the credentials and the signal of a request. */
function optionsOf({ headers, signal }: Request) {
  const credentials = parseRegistryAuth(headers.get("x-registry-auth"));
  return { signal, ...(credentials === undefined ? {} : { credentials }) };
}
