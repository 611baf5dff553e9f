/** PostgreSQL itself, in process, as the judge of our functions. */

import { PGlite } from "@electric-sql/pglite";
import { scalarFunctions } from "../../../src/engine/functions/registry.ts";
import { randomFrom } from "../../support/random.ts";

/** The text of each SQL expression's value; null for NULL; `!sqlstate:message` for an error. */
export type Oracle = (expressions: readonly string[]) => Promise<readonly (string | null)[]>;

export async function openOracle(): Promise<{ ask: Oracle; close: () => Promise<void> }> {
  const postgres = await PGlite.create();
  await postgres.exec(`
    CREATE FUNCTION answer(expression text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE result text;
    BEGIN
      EXECUTE 'SELECT (' || expression || ')::text' INTO result;
      RETURN result;
    EXCEPTION WHEN OTHERS THEN RETURN '!' || sqlstate || ':' || sqlerrm;
    END $$`);
  return {
    ask: async (expressions) => {
      const sql = "SELECT answer(e) FROM unnest($1::text[]) WITH ORDINALITY u(e, n) ORDER BY n";
      const result = await postgres.query<[string | null]>(sql, [expressions], {
        rowMode: "array",
      });
      return result.rows.map((row) => row[0]);
    },
    close: () => postgres.close(),
  };
}

/** Calls one of our functions as DuckDB would; errors in the oracle's form. */
export function call(name: string, ...args: readonly unknown[]): unknown {
  const found = scalarFunctions.find(
    (each) => each.name === name && each.parameters.length === args.length,
  );
  if (found === undefined) throw new Error(`no function ${name} of ${args.length}`);
  if (found.takesNull !== true && args.includes(null)) return null;
  try {
    return (found.run as (...values: readonly unknown[]) => unknown)(...args);
  } catch (error) {
    const message = (error as Error).message;
    if (!message.startsWith("PG:")) throw error;
    // Behind the separator stands the DETAIL, which the oracle does not tell.
    return `!${message.slice(3).split("\u001e")[0]}`;
  }
}

/** Choices by chance: numbers in [0, 1), whole numbers below a bound, items of a list. */
export function choicesFrom(seed: number): {
  next(): number;
  below(max: number): number;
  pick<Item>(items: readonly Item[]): Item;
} {
  const next = randomFrom(seed);
  const below = (max: number) => Math.floor(next() * max);
  return { next, below, pick: (items) => items[below(items.length)] as never };
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
