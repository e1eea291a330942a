/** Actions of image events, in Docker's wording. */
export type ImageAction = "delete" | "import" | "load" | "pull" | "push" | "save" | "tag" | "untag";
