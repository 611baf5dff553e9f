// Prints "passed failed skipped" of a report by Vitest's json reporter, and below it what failed.
// A file that could not be loaded has no test to count, yet has failed.
import { readFileSync } from "node:fs";

const MESSAGE_LENGTH = 2_000;

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failures = report.testResults.flatMap((file) => {
  const tests = file.assertionResults.filter((test) => test.status === "failed");
  if (file.status === "failed" && tests.length === 0) {
    return [{ name: file.name, message: file.message }];
  }
  return tests.map((test) => ({
    name: `${file.name} > ${test.fullName}`,
    message: test.failureMessages.join("\n"),
  }));
});
console.log(report.numPassedTests, failures.length, report.numPendingTests + report.numTodoTests);
for (const { name, message } of failures) {
  console.log(`FAILED: ${name}\n${String(message).slice(0, MESSAGE_LENGTH)}`);
}
