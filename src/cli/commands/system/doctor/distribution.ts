/** A Linux distribution, as far as remedies differ. */
export interface Distribution {
  /** Name for people: `Ubuntu 24.04.1 LTS`. */
  name: string;
  family: Family;
}

export type Family = "debian" | "fedora" | "arch" | "alpine" | "suse" | "nixos" | "other";

const families: Record<string, Family> = {
  debian: "debian",
  ubuntu: "debian",
  fedora: "fedora",
  rhel: "fedora",
  centos: "fedora",
  arch: "arch",
  alpine: "alpine",
  suse: "suse",
  opensuse: "suse",
  nixos: "nixos",
};

/** Reads os-release(5). An unknown distribution belongs to the family of the first known one that it is like. */
export function parseDistribution(text: string): Distribution {
  const fields = new Map(
    [...text.matchAll(/^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/gm)].map(([, key = "", double, single, bare]) => [
      key,
      double ?? single ?? bare ?? "",
    ]),
  );
  const ids = [fields.get("ID") ?? "", ...(fields.get("ID_LIKE") ?? "").split(/\s+/)];
  const family = ids.map((id) => families[id] ?? families[id.split("-")[0] ?? ""]).find(Boolean) ?? "other";
  return { name: fields.get("PRETTY_NAME") || fields.get("ID") || "unknown distribution", family };
}

/** The package that contains newuidmap and newgidmap. */
const mapperPackages: Record<Exclude<Family, "nixos" | "other">, string> = {
  debian: "sudo apt-get install uidmap",
  fedora: "sudo dnf install shadow-utils",
  arch: "sudo pacman -S shadow",
  alpine: "sudo apk add shadow-subids",
  suse: "sudo zypper install shadow",
};

/** Returns the line that installs newuidmap and newgidmap. */
export function installMappers({ family }: Distribution): string {
  if (family === "nixos") {
    return "add security.shadow.enable = true; to configuration.nix, then: sudo nixos-rebuild switch";
  }
  if (family === "other") return "install newuidmap and newgidmap (package uidmap, shadow or shadow-utils)";
  return mapperPackages[family];
}

/** Properties of an account that decide how it gets a range. */
export interface Account {
  name: string;
  /** Whether the account is in /etc/passwd: usermod knows no others, such as those of LDAP. */
  isLocal: boolean;
}

/** Returns the line that gives an account subordinate ids from `first` on. */
export function addRange({ family }: Distribution, { name, isLocal }: Account, first: number): string {
  const last = first + 65_535;
  if (family === "nixos") {
    return `add users.users.${name}.autoSubUidGidRange = true; to configuration.nix, then: sudo nixos-rebuild switch`;
  }
  if (family === "alpine" || !isLocal) {
    return `echo ${name}:${first}:65536 | sudo tee -a /etc/subuid /etc/subgid`;
  }
  return `sudo usermod --add-subuids ${first}-${last} --add-subgids ${first}-${last} ${name}`;
}
