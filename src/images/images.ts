import type { ImageArchives } from "./archive/image-archives.ts";
import type { ImageAuthoring } from "./authoring/image-authoring.ts";
import type { ImageQueries } from "./store/image-queries.ts";
import type { ImageTransfer } from "./transfer/image-transfer.ts";
import type { ImageMaintenance } from "./upkeep/image-maintenance.ts";

/**
 * All roles of the image store; consumers take only the roles that they need. A `name` is resolved as Docker does:
 * reference, full ID, or unique prefix of an ID.
 */
export interface Images
  extends ImageQueries,
    ImageTransfer,
    ImageArchives,
    ImageAuthoring,
    ImageMaintenance {}
