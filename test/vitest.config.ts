import { defineConfig } from "vitest/config";

/** `npm test` builds first: worker threads are loaded from dist, everything else from src. */
export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
    include: ["**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
