// Adds to package-lock.json the optional packages of other platforms that "npm install" left out
// because the registry it asked does not carry them: "npm ci" refuses a lock file without them.
// Their integrity stays unknown; npm learns it on the platform that installs them. Run after "npm install".
import { readFileSync, writeFileSync } from "node:fs";

const PLATFORM =
  /(android|darwin|freebsd|linux|openharmony|openbsd|netbsd|sunos|win32|aix)-(arm64|armv6|x64|ia32|arm|ppc64|riscv64|s390x|loong64|mips64el)(?:-?(musl|gnu|msvc|eabi|gnueabihf|musleabihf|eabihf))?$/;

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
    if (places.some((place) => place in lock.packages)) continue;
    const [, os, cpu, libc] = PLATFORM.exec(name) ?? [];
    if (os === undefined || !/^\d/.test(version)) {
      throw new Error(`${name}@${version}: which platform is it for?`);
    }
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(dev ? { dev } : {}),
      ...(os === "linux" && libc?.startsWith("musl") ? { libc: ["musl"] } : {}),
      ...(os === "linux" && libc?.startsWith("gnu") ? { libc: ["glibc"] } : {}),
      optional: true,
      os: [os],
    };
    added.push(name);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added.length} packages added${added.map((name) => `\n  ${name}`).join("")}`);
