/** How long a failed login waits for its answer. */

import { expect, test } from "vitest";
import { delayMs } from "../../src/wire/throttle.ts";

test("each failure in a row waits twice as long as the one before, up to five seconds", () => {
  expect([1, 2, 3, 4].map(delayMs)).toEqual([50, 100, 200, 400]);
  expect([8, 20, 1_000_000].map(delayMs)).toEqual([5000, 5000, 5000]);
});
