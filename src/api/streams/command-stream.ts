/**
 * The command stream: the daemon runs a command line for the front door, which copies streams and signals. A private
 * protocol on a socket of its own, because HTTP would take as long as a whole short command.
 *
 * Both sides send frames: one byte of type, three zero bytes, the length as 32 bits big-endian, the payload. The front
 * door begins with a request, a list of texts, each followed by a zero byte: the identity of the main program (device,
 * inode, size and modification time, with a space after each number), the mount and the user namespace, the working
 * directory, the numbers of the standard streams that are terminals (`12`), the number of arguments, the arguments from
 * the program's name on, and the environment.
 *
 * In all versions, the identity of the main program comes first, and a daemon that is another program hands over.
 */
export const doorFrame = {
  /** A container's output. A failed write ends the front door with a message. */
  stdout: 1,
  stderr: 2,
  /** One byte: the exit status. The last frame. */
  exit: 4,
  /** The front door executes the main program. The only frame of its stream. */
  handOver: 5,
  /** The front door starts to send its standard input. */
  readInput: 6,
  /** The front door starts to send signals instead of obeying them. */
  catchSignals: 7,
  /** One byte: the signal that ends the front door. */
  dieBySignal: 8,
  /** Text for standard output. */
  print: 9,
  /** Text for standard error. A failed write has no effect. */
  message: 10,
} as const;

/** Types of the frames that the front door sends. */
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
export const doorSocketName = "door.sock";
