/** The architecture as tests: layers, sizes, and the places where README repeats the code. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OPTIONS } from "../src/server/config.ts";
import { root } from "./support/root.ts";

/** Each layer, from the top, may import itself and the layers listed. README draws this table. */
const LAYERS: readonly (readonly [layer: string, holds: string, mayImport: readonly string[]])[] = [
  ["main", "command line", ["server", "base"]],
  [
    "server",
    "assembly, configuration, listening",
    "wire session engine postgres compile catalog table types storage base".split(" "),
  ],
  ["wire", "bytes, messages, authentication, connection", ["session", "types", "base"]],
  [
    "session",
    "settings, transactions, statement handlers",
    "compile engine postgres catalog table types storage base".split(" "),
  ],
  ["engine", "DuckDB in its worker thread", ["table", "types", "base"]],
  ["postgres", "PostgreSQL in WebAssembly: analysis, catalogue queries", ["types", "base"]],
  ["compile", "typed tree to DuckDB SQL and time ranges; our own verbs", ["types", "base"]],
  ["catalog", "the journal of definitions", ["table", "storage", "base"]],
  ["table", "write-ahead log, hot rows, commit log, coverage", ["storage", "base"]],
  ["types", "PostgreSQL's values, text and binary", ["base"]],
  ["storage", "objects: local files", ["base"]],
  ["base", "errors, units, async, telemetry", []],
];

/** Longer than 350 lines, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const TEST_FOLDERS = [
  ...LAYERS.map(([layer]) => layer),
  ..."support fixtures clients bench differential simulation contract golden interop".split(" "),
];

const read = (path: string) => readFileSync(join(root, path), "utf8");

function filesBelow(folder: string, suffix: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(suffix) && !file.startsWith("fixtures"))
    .map((file) => `${folder}/${file}`)
    .sort();
}

const sources = filesBelow("src", ".ts");
const tests = filesBelow("test", ".ts");

function layerOf(source: string): string {
  const [, first = "", more] = source.split("/");
  return more === undefined ? first.replace(/\.ts$/, "") : first;
}

/** Layers named by the relative imports of a source, types and dynamic ones included. */
function importedLayers(source: string): readonly string[] {
  const specifiers = read(source).matchAll(/(?:from|import\(|import) ?"(\.[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) => {
    const path = new URL(specifier, `file:///${source}`).pathname.slice(1);
    return layerOf(path);
  });
}

/** The lines of README between `<!-- name -->` and `<!-- /name -->`, without fences. */
function marked(name: string): readonly string[] {
  const [, body] = read("README.md").split(new RegExp(`<!-- /?${name} -->\n`));
  if (body === undefined) throw new Error(`README.md has no part ${name}`);
  return body.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("```"));
}

describe("sources", () => {
  test("every import follows the layer table", () => {
    const allowed = new Map(LAYERS.map(([layer, , targets]) => [layer, targets]));
    const imports = sources.flatMap((source) =>
      importedLayers(source).map((target) => ({ source, layer: layerOf(source), target })),
    );
    const forbidden = imports.filter(
      ({ layer, target }) => target !== layer && !allowed.get(layer)?.includes(target),
    );
    expect(sources.length).toBeGreaterThan(50); // a check that reads nothing proves nothing
    expect(imports.length).toBeGreaterThan(100);
    expect(new Set(sources.map(layerOf))).toEqual(new Set(allowed.keys()));
    expect(forbidden.map(({ source, target }) => `${source} imports ${target}`)).toEqual([]);
  });

  test("the layer table names lower layers only", () => {
    const order = LAYERS.map(([layer]) => layer);
    for (const [layer, , targets] of LAYERS) {
      expect(order.slice(order.indexOf(layer) + 1)).toEqual(expect.arrayContaining([...targets]));
    }
  });

  test("no file is longer than 350 lines, nor a line longer than 100 columns", () => {
    const files = [...sources, ...tests];
    const long = files.filter((file) => read(file).split("\n").length > 351);
    expect(files.length).toBeGreaterThan(70);
    expect(long.filter((file) => LONG_FILES[file] === undefined)).toEqual([]);
    expect(Object.keys(LONG_FILES).filter((file) => !long.includes(file))).toEqual([]);
    const wide = sources.flatMap((file) =>
      read(file)
        .split("\n")
        .flatMap((line, index) =>
          line.length > 100 && !/http|`|\$\{/.test(line) ? [`${file}:${index + 1}`] : [],
        ),
    );
    expect(wide).toEqual([]);
  });

  test("every source says in its first lines why it exists", () => {
    const silent = sources.filter((file) => !/^(#!.*\n+)?\/\*\*/.test(read(file)));
    expect(silent).toEqual([]);
  });

  test("nothing is left to do, to skip or to look at alone", () => {
    const words = /\b(TO[D]O|FIX[M]E|XX[X]|test\.tod[o]|(describe|test|it)\.onl[y])\b/;
    const found = [...sources, ...tests].flatMap((file) => {
      const word = words.exec(read(file))?.[0];
      return word === undefined ? [] : [`${file}: ${word}`];
    });
    expect(found).toEqual([]);
  });

  test("timers belong to base/async.ts", () => {
    const timers = sources.filter((file) => /\bset(Timeout|Interval)\(/.test(read(file)));
    expect(timers).toEqual(["src/base/async.ts"]);
  });
});

describe("repository", () => {
  test("no file names a registry's host", () => {
    const files = ["package.json", "package-lock.json", "README.md", "Dockerfile", ".ci/run"];
    const npmrc = existsSync(join(root, ".npmrc")) ? [".npmrc"] : [];
    const hosts =
      /"resolved"|\bregistry *=|https?:\/\/[^\s/"]*(registry|pypi|\bdeb\.|mirror|proxy)/;
    const naming = [...files, ...npmrc, ...sources, ...tests].filter(
      (file) => file !== "test/layers.test.ts" && hosts.test(read(file)),
    );
    expect(naming).toEqual([]);
  });

  test("the lock file holds every platform's packages, as npm ci demands", () => {
    type Packages = Record<string, { readonly optionalDependencies?: Record<string, string> }>;
    const lock = JSON.parse(read("package-lock.json")) as { readonly packages: Packages };
    const wanted = Object.values(lock.packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    expect(wanted.length).toBeGreaterThan(20);
    const missing = wanted.filter((name) => lock.packages[`node_modules/${name}`] === undefined);
    expect(missing, "run node .ci/complete-lock.mjs").toEqual([]);
  });

  test("every folder of tests is known", () => {
    const folders = readdirSync(join(root, "test"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.length).toBeGreaterThan(5);
    expect(folders.filter((folder) => !TEST_FOLDERS.includes(folder))).toEqual([]);
  });

  test("every command in the Dockerfile is one that .ci/run runs too", () => {
    const dockerfile = read("Dockerfile");
    const script = read(".ci/run");
    const commands = [...dockerfile.matchAll(/^RUN (.+)$/gm)].flatMap(([, command = ""]) =>
      command.split(" && "),
    );
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.filter((command) => !script.includes(command))).toEqual([]);
  });
});

describe("README", () => {
  test("draws the layer table", () => {
    const drawing = LAYERS.map(
      ([layer, holds, targets]) =>
        `${layer.padEnd(10)}${holds.padEnd(61)}${targets.join(" ") || "nothing"}`,
    );
    expect(marked("layers").slice(1)).toEqual(drawing);
  });

  test("lists the options of the command line", () => {
    const rows = OPTIONS.map(
      (option) =>
        `| \`${option.flag}\` | \`${option.variable}\` | ${option.default} | ${option.unit} | ${option.help} |`,
    );
    expect(rows.length).toBeGreaterThan(6);
    expect(marked("options").slice(2)).toEqual(rows);
  });

  test("shows the commands that .ci/run runs in a clean clone", () => {
    expect(read("README.md")).toMatch(/npm ci && npm start\b/);
    expect(read("README.md")).toMatch(/npm ci && npm test\b/);
    expect(read(".ci/run")).toContain("npm ci");
  });

  test("names only files and folders that exist", () => {
    const links = [...read("README.md").matchAll(/\]\(([^)#]+)\)/g)].map(([, path = ""]) => path);
    const local = links.filter((path) => !path.includes("://"));
    expect(local.length).toBeGreaterThan(5);
    expect(local.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
