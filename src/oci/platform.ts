import { invalidArgument } from "#support/errors.ts";

/** A platform in Go's names: `linux`, `amd64`, `arm64`. */
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

/** Operating systems and architectures that Go knows. */
const systems = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const architectures = new Set(
  (
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le " +
    "riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);

/** Parses `os/architecture[/variant]`; an OS or an architecture alone is completed with the host's. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const invalid = parts.findIndex((part) => !/^[a-z0-9_.-]+$/.test(part));
  if (invalid >= 0) {
    const kind = invalid === 0 ? "OS component" : "component";
    const rule = `${JSON.stringify(parts[invalid])} is an invalid ${kind} of ${JSON.stringify(text)}`;
    throw invalidArgument(`invalid platform: ${rule}`);
  }
  if (parts.length > 3) throw invalidArgument(`invalid platform ${JSON.stringify(text)}`);
  const [first = "", second, variant] = parts;
  const os = first === "macos" ? "darwin" : first;
  if (second !== undefined) return normalise(os, second, variant);
  if (systems.has(os)) return { ...hostPlatform(), os };
  if (architectures.has(first) || Object.hasOwn(aliases, first)) return normalise("linux", first, undefined);
  throw invalidArgument(`${JSON.stringify(text)}: unknown operating system or architecture`);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

export function hostPlatform(): Platform {
  return { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
}

/** Returns whether an image for `offered` runs on `wanted`. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  return distance(offered, wanted) !== undefined;
}

/**
 * Returns the distance of an image for `offered` from one for `wanted`: 0 for equal platforms, nothing if the image
 * does not run there. A processor runs images for older variants; an image without a variant is the last choice.
 */
export function distance(offered: Platform, wanted: Platform): number | undefined {
  const image = normalise(offered.os, offered.architecture, offered.variant);
  const asked = normalise(wanted.os, wanted.architecture, wanted.variant);
  if (image.os !== asked.os || image.architecture !== asked.architecture) return undefined;
  const have = variantOf(image);
  const want = variantOf(asked);
  if (have === want) return 0;
  if (!image.variant) return Number.POSITIVE_INFINITY;
  const steps = numberOf(want) - numberOf(have);
  return steps > 0 ? steps : undefined;
}

function normalise(os: string, architecture: string, variant: string | undefined): Platform {
  const known = Object.hasOwn(aliases, architecture) ? aliases[architecture] : undefined;
  const chosen = variant || known?.variant;
  return { os, architecture: known?.architecture ?? architecture, ...(chosen ? { variant: chosen } : {}) };
}

/**
 * Returns the platform as builds name it: `arm` becomes `arm/v7`, `arm64/v8` becomes `arm64`, and `amd64/v1` becomes `amd64`.
 */
export function withUsualVariant({ os, architecture, variant }: Platform): Platform {
  const usual = variantOf({ os, architecture });
  const chosen = architecture === "arm" ? (variant ?? usual) : variant === usual ? undefined : variant;
  return { os, architecture, ...(chosen === undefined ? {} : { variant: chosen }) };
}

function variantOf({ architecture, variant }: Platform): string | undefined {
  return variant ?? { amd64: "v1", arm64: "v8", arm: "v7" }[architecture];
}

/** Returns NaN for variants without an order. */
function numberOf(variant: string | undefined): number {
  return Number(/^v(\d+(?:\.\d+)?)$/.exec(variant ?? "")?.[1]);
}
