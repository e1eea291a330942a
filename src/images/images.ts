import type { ImageArchives } from "./archive/image-archives.ts";
import type { ImageAuthoring } from "./authoring/image-authoring.ts";
import type { ImageExports } from "./export/image-exports.ts";
import type { ImageQueries } from "./store/image-queries.ts";
import type { ImageTransfer } from "./transfer/image-transfer.ts";
import type { ImageMaintenance } from "./upkeep/image-maintenance.ts";

/**
 * All operations of the image store; consumers take only the interfaces that they need. Every `name` is a reference,
 * a full image ID, or a unique prefix of an ID, as in Docker.
 */
export interface Images
  extends ImageQueries,
    ImageTransfer,
    ImageArchives,
    ImageAuthoring,
    ImageExports,
    ImageMaintenance {}
