/**
 * The command stream: the daemon runs a command line for the launcher, which copies streams and signals. A private
 * protocol on a socket of its own, because HTTP would take as long as a whole short command.
 *
 * Both sides send frames: one byte of type, three zero bytes, the length as 32 bits big-endian, the payload. The launcher
 * begins with a request, a list of texts, each followed by a zero byte: the identity of the main program (device, inode,
 * size and modification time, with a space after each number), the mount and the user namespace, the working directory,
 * the numbers of the standard streams that are terminals (`12`), the number of arguments, the arguments (the program's
 * name first), and the environment.
 *
 * In all versions, the identity of the main program comes first, and a daemon with another identity sends `handOver`.
 */
export const launcherFrame = {
  /** A container's output. A failed write ends the launcher with a message. */
  stdout: 1,
  stderr: 2,
  /** One byte: the exit status. The last frame. */
  exit: 4,
  /** The launcher executes the main program. The only frame of its stream. */
  handOver: 5,
  /** The launcher starts to send its standard input. */
  readInput: 6,
  /** The launcher starts to send signals instead of obeying them. */
  catchSignals: 7,
  /** One byte: the signal that ends the launcher. */
  dieBySignal: 8,
  /** Text for standard output. */
  print: 9,
  /** Text for standard error. A failed write has no effect. */
  message: 10,
} as const;

/** Types of the frames that the launcher sends. */
export const callerFrame = {
  input: 0,
  /** One byte: the error number of a failed read of standard input. */
  inputFailure: 1,
  /** One byte: the number of the signal. */
  signal: 2,
  /** One byte without a meaning. */
  inputEnd: 3,
  /** The command line: the first frame. */
  request: 4,
} as const;

/** Name of the socket in the run directory. */
export const launcherSocketName = "launcher.sock";
