// Prints "passed failed skipped" of a report by Vitest's json reporter. A file that could not be
// loaded has no test to count, yet has failed.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const unloaded = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((t) => t.status === "failed"),
);
console.log(
  report.numPassedTests,
  report.numFailedTests + unloaded.length,
  report.numPendingTests + report.numTodoTests,
);
