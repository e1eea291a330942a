import { FailureError } from "#native/addon/failure.ts";
import { formatPlatform, hostPlatform, matchesPlatform, type Platform } from "#oci/platform.ts";

const codes: Record<string, 126 | 127> = { "command-not-found": 127, "command-not-executable": 126 };

/** Returns the shell's exit status for a program that could not be executed; nothing for any other failure. */
export function programFailureCode(error: unknown): 126 | 127 | undefined {
  return error instanceof FailureError ? codes[error.failure.kind] : undefined;
}

/** ENOEXEC: the kernel cannot execute a file of this format. */
const unknownFormat = 8;

/** Adds the platforms to the error for a program of another format; `image` is the platform of the container's image. */
export function explainProgramFailure(error: unknown, image: Platform | undefined): unknown {
  if (!(error instanceof FailureError) || error.errno !== unknownFormat) return error;
  const host = formatPlatform(hostPlatform());
  const reason =
    image && !matchesPlatform(image, hostPlatform())
      ? `the image is for ${formatPlatform(image)}, this host is ${host}`
      : `the file is neither a program for ${host} nor a script with #!`;
  return new FailureError({ ...error.failure, message: `${error.message}: ${reason}` });
}
