import { z } from "zod";

const usageTypes = ["container", "image", "volume", "build-cache"] as const;

/** Values of the repeated query parameter `type` of `GET /system/df`. */
export const diskUsageTypes = z.array(z.enum(usageTypes));
