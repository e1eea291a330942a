import type { ContainerSummary, MountPoint, PortSummary } from "#api/answers/container-summary.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import { createRows } from "./cached-rows.ts";
import { joinLabels } from "./labels.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";
import { goTime } from "./time.ts";

/** Returns the columns of `tbox ps`. */
export function containerListing(withSize: boolean): Listing {
  const columns = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];
  return {
    headings: {
      ID: "CONTAINER ID",
      Names: "NAMES",
      Image: "IMAGE",
      Command: "COMMAND",
      CreatedAt: "CREATED AT",
      RunningFor: "CREATED",
      Ports: "PORTS",
      State: "STATE",
      Status: "STATUS",
      Size: "SIZE",
      Labels: "LABELS",
      Mounts: "MOUNTS",
      LocalVolumes: "LOCAL VOLUMES",
      Networks: "NETWORKS",
    },
    heading: {
      Label: (name) =>
        name
          .split(/[.\-_]/)
          .at(-1)
          ?.toUpperCase() ?? "",
    },
    columns: withSize ? [...columns, "Size"] : columns,
    quiet: "ID",
  };
}

/** Returns the rows of containers. */
export const containerRows = createRows<ContainerSummary, { truncate: boolean }>({
  make: (container, options) => [containerRow(container, options)],
  since: ({ Created }) => Created * 1000,
});

/** Options of rows. */
export interface RowOptions {
  /** Current time in milliseconds since the epoch. */
  now: number;
  truncate: boolean;
}

/**
 * Returns the fields of a container in a listing. Getters compute the fields that the default table does not show,
 * because there can be hundreds of containers.
 */
export function containerRow(
  container: ContainerSummary,
  { now, truncate }: RowOptions,
): Record<string, unknown> {
  const { Id: id, Command: command, Mounts: mounts, Labels: labels } = container;
  const created = container.Created * 1000;
  return {
    ID: truncate ? id.slice(0, 12) : id,
    Names: container.Names.map((name) => name.replace(/^\//, "")).join(","),
    Image: imageName(container.Image, truncate) || "<no image>",
    Command: `"${truncate ? ellipsis(command, 20) : command}"`,
    get CreatedAt() {
      return goTime(created);
    },
    RunningFor: `${humanDuration(now - created)} ago`,
    Ports: formatPorts(container.Ports),
    State: container.State,
    Status: container.Status,
    get Size() {
      return formatSize(container);
    },
    get Labels() {
      return joinLabels(labels);
    },
    get Mounts() {
      return mounts.map((mount) => mountName(mount, truncate)).join(",");
    },
    get LocalVolumes() {
      return String(mounts.filter((mount) => mount.Driver === "local").length);
    },
    get Networks() {
      return Object.keys(container.NetworkSettings.Networks).join(",");
    },
    Label: (name: string) => (Object.hasOwn(labels, name) ? labels[name] : ""),
  };
}

function ellipsis(text: string, length: number): string {
  if (text.length <= length) return text;
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/** Shortens the ID that is shown for an image without a name. */
function imageName(image: string, truncate: boolean): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(image)?.[1];
  return hex !== undefined && truncate ? hex.slice(0, 12) : image;
}

function mountName(mount: MountPoint, truncate: boolean): string {
  const name = mount.Name || mount.Source;
  return truncate ? ellipsis(name, 15) : name;
}

function formatSize({ SizeRw = 0, SizeRootFs: whole = 0 }: ContainerSummary): string {
  const written = decimalSize(SizeRw, 3);
  return whole > 0 ? `${written} (virtual ${decimalSize(whole, 3)})` : written;
}

function formatPorts(ports: PortSummary[]): string {
  return ports
    .map(({ IP: address = "", PrivatePort, PublicPort = 0, Type }) => {
      const inside = `${PrivatePort}/${Type}`;
      if (PublicPort === 0) return inside;
      return `${address.includes(":") ? `[${address}]` : address}:${PublicPort}->${inside}`;
    })
    .join(", ");
}
