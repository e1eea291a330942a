import { TboxError } from "#support/errors.ts";

/** In Go's names: `linux`, `amd64`, `arm64`. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string | undefined;
}

const aliases: Record<string, Omit<Platform, "os">> = {
  x86_64: { architecture: "amd64" },
  "x86-64": { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  armhf: { architecture: "arm", variant: "v7" },
  armel: { architecture: "arm", variant: "v6" },
  i386: { architecture: "386" },
};

/** Reads `os/architecture[/variant]`, or `os` or an architecture alone with the host's other half. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new TboxError("invalid-argument", `invalid platform ${JSON.stringify(text)}`);
  }
  const [first = "", second, variant] = parts;
  if (second === undefined) {
    return first === "linux" ? hostPlatform() : normalise("linux", first, undefined);
  }
  return normalise(first, second, variant);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

export function hostPlatform(): Platform {
  return { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
}

/** Whether an image for `offered` is one for `wanted`. Variants count only where both name one. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  const image = normalise(offered.os, offered.architecture, offered.variant);
  const asked = normalise(wanted.os, wanted.architecture, wanted.variant);
  if (image.os !== asked.os || image.architecture !== asked.architecture) return false;
  return defaultVariant(image) === defaultVariant(asked) || !image.variant || !asked.variant;
}

function normalise(os: string, architecture: string, variant: string | undefined): Platform {
  const known = Object.hasOwn(aliases, architecture) ? aliases[architecture] : undefined;
  const chosen = variant || known?.variant;
  return { os, architecture: known?.architecture ?? architecture, ...(chosen ? { variant: chosen } : {}) };
}

function defaultVariant({ architecture, variant }: Platform): string | undefined {
  if (variant) return variant;
  return { arm64: "v8", arm: "v7" }[architecture];
}
