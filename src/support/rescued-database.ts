import { Database, type SQLQueryBindings } from "bun:sqlite";
import { isFullDisk } from "./full-disk.ts";

/** A database that repeats a statement or transaction once, after `release`, when it finds the disk full. */
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

  /** Repeats work that failed on a full disk, once. A transaction is repeated as a whole. */
  #rescued<Result>(work: () => Result): Result {
    const nested = this.inTransaction;
    try {
      return work();
    } catch (error) {
      if (nested || !isFullDisk(error) || !this.#release()) throw error;
      return work();
    }
  }
}
