/**
 * Chance that can be repeated. A run has the same seeds as the one before, so that what fails has
 * to do with what was changed; PGTIDE_TEST_SEED=N is another, `fresh` a new one for each test.
 */

const SEED = 20_261_121;

/** Numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of the test called so; prints how to run it again. */
export function seedOf(name: string): number {
  const given = process.env["PGTIDE_TEST_SEED"] ?? String(SEED);
  const seed = given === "fresh" ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`${name}: PGTIDE_TEST_SEED=${seed}`);
  return seed;
}
