/** PGlite as the oracle of types: what PostgreSQL says of a text or a value. */

import { PGlite } from "@electric-sql/pglite";

export interface Oracle {
  /** The text PostgreSQL prints for each input text, or its error as "SQLSTATE message". */
  throughType(type: string, texts: readonly string[]): Promise<string[]>;
  /** The bytes the type's send function gives, in hex; `send` is its name. */
  send(type: string, send: string, texts: readonly string[]): Promise<string[]>;
  set(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

export async function openOracle(): Promise<Oracle> {
  const db = await PGlite.create();
  await db.exec(`
    CREATE FUNCTION pg_temp.through(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE result text;
    BEGIN
      EXECUTE format('SELECT (%L::%s)::text', input, type) INTO result;
      RETURN 'ok ' || result;
    EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
    END $$;
    CREATE FUNCTION pg_temp.sent(type text, send text, input text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE result text;
    BEGIN
      EXECUTE format('SELECT encode(%s(%L::%s), ''hex'')', send, input, type) INTO result;
      RETURN result;
    END $$;`);
  return {
    async throughType(type, texts) {
      const { rows } = await db.query<{ r: string }>(
        "SELECT pg_temp.through($1, t) AS r FROM unnest($2::text[]) WITH ORDINALITY u(t, n) ORDER BY n",
        [type, texts],
      );
      return rows.map(({ r }) => r);
    },
    async send(type, send, texts) {
      const { rows } = await db.query<{ r: string }>(
        "SELECT pg_temp.sent($1, $2, t) AS r FROM unnest($3::text[]) WITH ORDINALITY u(t, n) ORDER BY n",
        [type, send, texts],
      );
      return rows.map(({ r }) => r);
    },
    async set(name, value) {
      await db.query("SELECT set_config($1, $2, false)", [name, value]);
    },
    close: () => db.close(),
  };
}

/** What we say in the same form. */
export function ours(read: () => string): string {
  try {
    return `ok ${read()}`;
  } catch (cause) {
    const { fields } = cause as { fields?: { sqlState: string; message: string } };
    if (fields === undefined) throw cause;
    return `${fields.sqlState} ${fields.message}`;
  }
}
