import { asObjects, type JsonObject, numberAt, objectAt, textAt, textsAt } from "#client/json.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";
import { goTime } from "./time.ts";

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

export interface RowOptions {
  /** Milliseconds since the epoch. */
  now: number;
  truncate: boolean;
}

/** A container of `GET /containers/json` as the fields of a listing. */
export function containerRow(container: JsonObject, { now, truncate }: RowOptions): Record<string, unknown> {
  const labels = objectAt(container, "Labels");
  const created = numberAt(container, "Created") * 1000;
  const id = textAt(container, "Id");
  const names = textsAt(container, "Names").map((name) => name.replace(/^\//, ""));
  const command = textAt(container, "Command");
  const mounts = asObjects(container.Mounts);
  return {
    ID: truncate ? id.slice(0, 12) : id,
    Names: names.join(","),
    Image: imageName(textAt(container, "Image"), truncate) || "<no image>",
    Command: `"${truncate ? ellipsis(command, 20) : command}"`,
    CreatedAt: goTime(created),
    RunningFor: `${humanDuration(now - created)} ago`,
    Ports: ports(asObjects(container.Ports)),
    State: textAt(container, "State"),
    Status: textAt(container, "Status"),
    Size: size(container),
    Labels: Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
    Mounts: mounts.map((mount) => mountName(mount, truncate)).join(","),
    LocalVolumes: String(mounts.filter((mount) => mount.Driver === "local").length),
    Networks: Object.keys(objectAt(objectAt(container, "NetworkSettings"), "Networks")).join(","),
    Label: (name: string) => textAt(labels, name),
  };
}

function ellipsis(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/** Containers of images that lost their name show the image's ID. */
function imageName(image: string, truncate: boolean): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(image)?.[1];
  return hex !== undefined && truncate ? hex.slice(0, 12) : image;
}

function mountName(mount: JsonObject, truncate: boolean): string {
  const name = textAt(mount, "Name") || textAt(mount, "Source");
  return truncate ? ellipsis(name, 15) : name;
}

function size(container: JsonObject): string {
  const written = decimalSize(numberAt(container, "SizeRw"), 3);
  const whole = numberAt(container, "SizeRootFs");
  return whole > 0 ? `${written} (virtual ${decimalSize(whole, 3)})` : written;
}

function ports(list: JsonObject[]): string {
  return list
    .map((port) => {
      const inside = `${numberAt(port, "PrivatePort")}/${textAt(port, "Type")}`;
      const outside = numberAt(port, "PublicPort");
      if (outside === 0) return inside;
      const address = textAt(port, "IP");
      return `${address.includes(":") ? `[${address}]` : address}:${outside}->${inside}`;
    })
    .join(", ");
}
