import { afterAll, afterEach, beforeAll, describe } from "bun:test";
import type { ContainersSubject } from "./containers-subject.ts";

/** Declares tests that share containers, which are removed after each test. */
export function containersSuite<Subject extends ContainersSubject>(
  name: string,
  open: () => Promise<Subject>,
  declare: (subject: () => Subject) => void,
): void {
  describe(name, () => {
    let opened: Subject | undefined;
    const subject = () => {
      if (opened === undefined) throw new Error("the containers are used before their suite has opened them");
      return opened;
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterEach(async () => {
      const { queries, lifecycle } = subject().containers;
      for (const { id } of queries.list({ all: true, filters: new Map() })) {
        await lifecycle.remove(id, { force: true, volumes: true });
      }
    });
    afterAll(() => opened?.[Symbol.asyncDispose]());
    declare(subject);
  });
}
