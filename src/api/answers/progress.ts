/** The last line of a stream that failed; `error` repeats the message for old clients. */
export interface FailureFields {
  errorDetail?: { message: string; code?: number };
  error?: string;
}

/** Progress of one layer, or of a whole image. */
export interface TransferLine extends FailureFields {
  /** Short digest of a layer; absent for lines about the whole image. */
  id?: string;
  /** Docker's wording. */
  status?: string;
  progressDetail?: ProgressDetail;
  /** A drawn progress bar. */
  progress?: string;
}

/** A line of `POST /images/create` and `POST /images/{name}/push`. */
export interface ProgressLine extends TransferLine {
  aux?: PushResult;
}

/** Bytes done and bytes in total. */
export interface ProgressDetail {
  current?: number;
  total?: number;
}

/** Results of a push for programs. */
export interface PushResult {
  Tag?: string;
  Digest?: string;
  /** Bytes of the manifest. */
  Size?: number;
  manifestPushedInsteadOfIndex?: boolean;
  originalIndex?: object;
  selectedManifest?: object;
}

/** A line of `POST /images/load`. */
export interface LoadLine extends FailureFields {
  stream?: string;
}
