/** Answer of `GET /exec/{id}/json`. */
export interface ExecInspect {
  ID: string;
  ContainerID: string;
  Running: boolean;
  /** Null while the program runs and before it starts. */
  ExitCode: number | null;
  /** Process ID on the host; 0 when the program does not run. */
  Pid: number;
  CanRemove: boolean;
  DetachKeys: string;
  OpenStdin: boolean;
  OpenStdout: boolean;
  OpenStderr: boolean;
  ProcessConfig: {
    entrypoint: string;
    arguments: string[];
    tty: boolean;
    user: string;
    privileged: boolean;
  };
}
