import type { Images } from "#images/images.ts";
import type { Platform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";
import { streamed } from "../http/streamed.ts";

/** `GET /images/get` and `GET /images/{name}/get`. */
export async function saveImages(
  images: Images,
  names: string[],
  options: { platform?: Platform | undefined; signal: AbortSignal },
): Promise<Response> {
  if (names.length === 0) throw invalidArgument("names: no image is named");
  return streamed(await images.save(names, options), "application/x-tar");
}
