import { splitFields } from "#support/fields.ts";
import { applyMountField, type MountDraft } from "./mount-fields.ts";

/** A mount of the API. */
export interface MountValue {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: Record<string, unknown>;
  TmpfsOptions?: Record<string, unknown>;
  VolumeOptions?: Record<string, unknown>;
  ImageOptions?: Record<string, unknown>;
}

/** Parses `--mount`: comma-separated fields, quoted as in CSV if they contain a comma. */
export function parseMount(text: string): MountValue {
  const draft: MountDraft = { type: "volume", bind: {}, tmpfs: {}, volume: {}, image: {} };
  for (const field of splitFields(text)) applyMountField(draft, field);
  const { type, source, target, readOnly, bind, tmpfs, volume, image } = draft;
  if (target === undefined || target === "") throw new Error("target is required");
  if (!["bind", "tmpfs", "volume", "image"].includes(type))
    throw new Error(`mounts of type "${type}" are not supported: use bind, volume, tmpfs or image`);
  if (type === "bind" && !source) throw new Error("source is required for a bind mount");
  if (type === "image" && !source) throw new Error("source is required for an image mount");
  if (type === "tmpfs" && source !== undefined) throw new Error("a tmpfs mount has no source");
  refuseOptions(type, "bind", bind);
  refuseOptions(type, "tmpfs", tmpfs);
  refuseOptions(type, "volume", volume);
  refuseOptions(type, "image", image);
  return {
    Type: type,
    Target: target,
    ...(source === undefined ? {} : { Source: source }),
    ...(readOnly === undefined ? {} : { ReadOnly: readOnly }),
    ...(isEmpty(bind) ? {} : { BindOptions: bind }),
    ...(isEmpty(tmpfs) ? {} : { TmpfsOptions: tmpfs }),
    ...(isEmpty(volume) ? {} : { VolumeOptions: volume }),
    ...(isEmpty(image) ? {} : { ImageOptions: image }),
  };
}

/** Refuses options of one type in a mount of another. */
function refuseOptions(type: string, owner: string, options: Record<string, unknown>): void {
  if (type !== owner && !isEmpty(options))
    throw new Error(`cannot mix ${owner} options with a mount of type ${type}`);
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
