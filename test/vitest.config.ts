import { defineConfig } from "vitest/config";

/** `npm test` builds first: worker threads are loaded from dist, everything else from src. */
export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
    include: ["**/*.test.ts"],
    // They end what hangs; a busy machine must not fail a test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
});
