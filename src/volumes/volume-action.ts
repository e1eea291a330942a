/** Actions of volume events, in Docker's wording. */
export type VolumeAction = "create" | "destroy" | "mount" | "unmount";
