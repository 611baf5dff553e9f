/**
 * Worker threads run compiled code: under Vitest the sources are TypeScript that Node 20 cannot
 * load.
 */

/**
 * `file` is a path below src, such as "engine/worker.ts"; `from` is the caller's
 * `import.meta.url`.
 */
export function workerUrl(file: string, from: string): URL {
  const root = from.slice(0, from.lastIndexOf(from.includes("/dist/") ? "/dist/" : "/src/"));
  return new URL(`${root}/dist/${file.replace(/\.ts$/, ".js")}`);
}
