/**
 * A process of its own that creates a table and appends to it, and kills itself without warning at a
 * given call to the file system. Runs compiled code. Arguments: JSON {root, source, inspection, killAt}.
 */

import { deserialize } from "node:v8";
import { nodeFiles } from "../../dist/storage/local-files.js";
import { openLocalStore } from "../../dist/storage/local-store.js";
import { appendFiles } from "../../dist/table/append.js";
import { createTable } from "../../dist/table/table.js";

const { root, source, inspection, table, walId, killAt } = deserialize(
  Buffer.from(process.argv[2], "base64"),
);

let calls = 0;
const files = Object.fromEntries(
  Object.entries(nodeFiles).map(([name, call]) => [
    name,
    async (...args) => {
      calls += 1;
      // Calls made together with this one are still under way.
      if (calls === killAt) process.kill(process.pid, "SIGKILL");
      return await call(...args);
    },
  ]),
);

const made = await createTable(openLocalStore(root, files), { walId }, table);
console.log("created");
const port = { inspect: async () => inspection };
await appendFiles(made, port, { files: [source], overlap: "reject" });
console.log("appended");
