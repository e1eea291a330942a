import { Database, type SQLQueryBindings } from "bun:sqlite";
import { rescued } from "./full-disk.ts";

/**
 * A database that repeats a statement or transaction when it finds the disk full: after its log is written back, then
 * after each `release`.
 */
export class RescuedDatabase extends Database {
  readonly #release: () => boolean;

  constructor(path: string, release: () => boolean) {
    super(path, { create: true, strict: true });
    this.#release = release;
  }

  override query<Row, Parameters extends SQLQueryBindings | SQLQueryBindings[]>(sql: string) {
    const statement = super.query<Row, Parameters>(sql);
    const run = statement.run.bind(statement);
    statement.run = (...parameters) => this.#rescued(() => run(...parameters));
    return statement;
  }

  override transaction<Arguments extends unknown[], Result>(work: (...args: Arguments) => Result) {
    const plain = super.transaction(work);
    const { deferred, exclusive, immediate } = plain;
    return Object.assign((...args: Arguments) => this.#rescued(() => plain(...args)), {
      deferred,
      exclusive,
      immediate: (...args: Arguments) => this.#rescued(() => immediate(...args)),
    });
  }

  /** Repeats work that failed on a full disk. A transaction is repeated as a whole. */
  #rescued<Result>(work: () => Result): Result {
    if (this.inTransaction) return work();
    let attempts = 0;
    return rescued(work, () => {
      if (attempts++ === 0 && this.#writeBack()) return true;
      if (!this.#release()) return false;
      // Writing back may have failed because the database needs space once to grow.
      this.#writeBack();
      return true;
    });
  }

  /** Writes the log into the database, so that the next change uses the log's space again. Returns false on failure. */
  #writeBack(): boolean {
    try {
      super.run("PRAGMA wal_checkpoint(RESTART)");
      return true;
    } catch {
      return false;
    }
  }
}
