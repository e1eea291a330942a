import { z } from "zod";

const usageTypes = ["container", "image", "volume", "build-cache"] as const;

/** Schema of the values of the repeated query parameter `type` of `GET /system/df`. */
export const diskUsageTypes = z.array(z.enum(usageTypes));
