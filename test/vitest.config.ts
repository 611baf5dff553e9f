import { relative } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const root = import.meta.dirname ?? new URL(".", import.meta.url).pathname;

/** Files that measure their own process; all others share one with those before and after them. */
const ALONE = [
  "engine/streams.test.ts",
  "storage/local-files.test.ts",
  "wire/copy-faults.test.ts",
  "wire/flood.test.ts",
  "wire/fuzz-server.test.ts",
];

/** The longest, longest first: a long one at the end would run beside nothing. */
const LONG = [
  "clients/python-clients.test.ts",
  "clients/writers-killed.test.ts",
  "clients/durability.test.ts",
  "clients/node-clients.test.ts",
  "clients/pg-dump.test.ts",
  "session/overlap-random.test.ts",
  "session/definitions.test.ts",
  "wire/scripts.test.ts",
  "session/change-tstable.test.ts",
  "compile/functions/matrix.test.ts",
  "simulation/worlds.test.ts",
  "clients/java-clients.test.ts",
  "clients/process.test.ts",
  "session/redefined.test.ts",
  "clients/recorded.test.ts",
  "clients/go-clients.test.ts",
];

/** Those that share a process come one after the other, or the process would end between them. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const file = relative(root, moduleId);
      if (ALONE.includes(file)) return -1;
      const at = LONG.indexOf(file);
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** `npm test` builds first: worker threads are loaded from dist, everything else from src. */
export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root,
    // They end what hangs; a busy machine must not fail a test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          isolate: false,
          include: ["**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...ALONE],
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
