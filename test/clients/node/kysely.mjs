/** Kysely over node-postgres: its schema builder, migrations, introspection, queries and streams. */

import { connected, errorOf, line, load, ssl, target, using } from "./report.mjs";

const { Kysely, Migrator, PostgresDialect, sql } = load("kysely");
const { Pool } = load("pg");
const Cursor = load("pg-cursor");

const pool = new Pool({ ...target, ssl, max: 3 });
const db = new Kysely({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
const START = Date.UTC(2024, 5, 3);

const migrations = {
  "2024_first": {
    async up(one) {
      const readings = one.schema
        .createTable("kysely_readings")
        .addColumn("ts", "timestamptz", (c) => c.notNull());
      const whole = readings
        .addColumn("device", "text", (c) => c.notNull())
        .addColumn("v", "double precision");
      const keyed = whole.addPrimaryKeyConstraint("kysely_key", ["device", "ts"]);
      await (using
        ? keyed.modifyEnd(sql.raw(`${using} WITH (entity = 'device')`))
        : keyed
      ).execute();
      await one.schema
        .createTable("kysely_stations")
        .addColumn("id", "integer", (c) => c.primaryKey().generatedAlwaysAsIdentity())
        .addColumn("name", "varchar(40)", (c) => c.notNull().unique())
        .addColumn("height", sql`numeric(8, 2)`, (c) => c.check(sql`height > -500`))
        .addColumn("tags", sql`text[]`)
        .addColumn("info", "jsonb", (c) => c.defaultTo(sql`'{}'::jsonb`))
        .addColumn("made", "timestamptz", (c) => c.defaultTo(sql`now()`))
        .execute();
      await one.schema
        .createTable("kysely_parts")
        .addColumn("id", "serial", (c) => c.primaryKey())
        .addColumn("station_id", "integer", (c) =>
          c.references("kysely_stations.id").onDelete("cascade"),
        )
        .addColumn("label", "text")
        .execute();
      await one.schema
        .createIndex("kysely_by_label")
        .on("kysely_parts")
        .columns(["label", "id"])
        .execute();
    },
  },
  "2024_second": {
    async up(one) {
      await one.schema
        .alterTable("kysely_stations")
        .addColumn("region", "text", (c) => c.notNull().defaultTo("north"))
        .execute();
      await one.schema.alterTable("kysely_parts").renameColumn("label", "title").execute();
      await one.schema
        .alterTable("kysely_parts")
        .alterColumn("title", (c) => c.setNotNull())
        .execute();
    },
  },
};

async function migrated() {
  for (const table of [
    "kysely_parts",
    "kysely_stations",
    "kysely_readings",
    "kysely_migration",
    "kysely_migration_lock",
  ]) {
    await db.schema.dropTable(table).ifExists().execute();
  }
  const provider = { getMigrations: async () => migrations };
  const migrator = new Migrator({ db, provider });
  const { results, error } = await migrator.migrateToLatest();
  line("catalogue", "migrated", [results, error?.message]);
  line("catalogue", "migrated again", (await migrator.migrateToLatest()).results);
  const failing = {
    ...migrations,
    "2024_third": { up: (one) => one.schema.dropTable("kysely_nothing").execute() },
  };
  const third = await new Migrator({
    db,
    provider: { getMigrations: async () => failing },
  }).migrateToLatest();
  line("catalogue", "a migration that fails", [third.results, third.error?.code]);
  const found = await db.introspection.getTables();
  const mine = found
    .filter(({ name }) => name.startsWith("kysely_"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isView, schema, columns } of mine) {
    line("catalogue", name, [
      isView,
      schema,
      columns.map((c) => Object.values(c).map(String).join(" ")),
    ]);
  }
}

async function built() {
  const rows = Array.from({ length: 600 }, (_, n) => ({
    ts: new Date(START + 60_000 * n),
    device: `d${n % 3}`,
    v: n / 4,
  }));
  const inserted = await db.insertInto("kysely_readings").values(rows).executeTakeFirst();
  line("batch", "rows of the series", inserted.numInsertedOrUpdatedRows);
  const values = {
    name: "Höhe",
    height: "-12.50",
    tags: ["a", 'q"\\'],
    info: JSON.stringify({ k: [1, null] }),
  };
  const station = await db
    .insertInto("kysely_stations")
    .values(values)
    .returning(["id", "name", "height", "tags", "info", "region"])
    .executeTakeFirstOrThrow();
  line("text", "row", station);
  await db
    .insertInto("kysely_parts")
    .values([
      { station_id: station.id, title: "p1" },
      { station_id: station.id, title: "p2" },
    ])
    .execute();
  const hour = sql`date_trunc(${sql.lit("hour")}, ts)`;
  const grouped = await db
    .selectFrom("kysely_readings")
    .select([hour.as("hour"), "device", db.fn.avg("v").as("mean"), db.fn.countAll().as("n")])
    .where("ts", ">=", new Date(START))
    .where((eb) => eb.or([eb("device", "=", "d0"), eb("device", "in", ["d1"])]))
    .groupBy([hour, "device"])
    .having(db.fn.countAll(), ">", 1)
    .orderBy(hour)
    .orderBy("device", "desc")
    .limit(3)
    .execute();
  line("built", "grouped", grouped);
  const day = await db
    .selectFrom("kysely_readings")
    .select(sql`date_trunc(${"day"}, ts)`.as("day"))
    .distinct()
    .execute();
  line("built", "a field as parameter", day);
  const { jsonArrayFrom, jsonObjectFrom } = load("kysely/helpers/postgres");
  const nested = await db
    .selectFrom("kysely_stations as s")
    .select((eb) => [
      "s.name",
      jsonArrayFrom(
        eb
          .selectFrom("kysely_parts as p")
          .select(["p.id", "p.title"])
          .whereRef("p.station_id", "=", "s.id")
          .orderBy("p.id"),
      ).as("parts"),
      jsonObjectFrom(
        eb
          .selectFrom("kysely_parts as p")
          .select("p.title")
          .whereRef("p.station_id", "=", "s.id")
          .orderBy("p.id", "desc")
          .limit(1),
      ).as("last"),
    ])
    .execute();
  line("built", "nested as json", nested);
  const upsert = db.insertInto("kysely_stations").values([
    { name: "Höhe", height: "1" },
    { name: "new", height: null },
  ]);
  line(
    "built",
    "upsert",
    await upsert
      .onConflict((oc) =>
        oc.column("name").doUpdateSet((eb) => ({ height: eb.ref("excluded.height") })),
      )
      .returning(["name", "height"])
      .execute(),
  );
  const again = db
    .insertInto("kysely_readings")
    .values({ ts: new Date(START), device: "d0", v: -1 });
  line(
    "built",
    "upsert of the series",
    await again
      .onConflict((oc) => oc.columns(["device", "ts"]).doUpdateSet({ v: 99 }))
      .returningAll()
      .execute(),
  );
  line(
    "built",
    "update",
    await db
      .updateTable("kysely_readings")
      .set((eb) => ({ v: eb("v", "+", 1) }))
      .where("v", "=", 10)
      .returningAll()
      .execute(),
  );
  const tall = db.with("tall", (one) =>
    one.selectFrom("kysely_readings").select("v").where("v", ">", 120),
  );
  line(
    "built",
    "with",
    await tall
      .selectFrom("tall")
      .select((eb) => eb.fn.countAll().as("n"))
      .execute(),
  );
  const ranked = db.selectFrom("kysely_readings").select([
    "device",
    "v",
    (eb) =>
      eb.fn
        .agg("row_number")
        .over((over) => over.partitionBy("device").orderBy("v", "desc"))
        .as("r"),
  ]);
  line(
    "built",
    "windows",
    await db.selectFrom(ranked.as("x")).selectAll().where("r", "=", 1).orderBy("device").execute(),
  );
  const lateral = await db
    .selectFrom("kysely_stations as s")
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom("kysely_parts as p")
          .select("p.title")
          .whereRef("p.station_id", "=", "s.id")
          .orderBy("p.id")
          .limit(1)
          .as("first"),
      (join) => join.onTrue(),
    )
    .select(["s.name", "first.title"])
    .orderBy("s.name")
    .execute();
  line("built", "lateral", lateral);
  const distinct = db
    .selectFrom("kysely_readings")
    .distinctOn("device")
    .selectAll()
    .orderBy("device")
    .orderBy("ts", "desc");
  line("built", "distinct on", await distinct.execute());
  line(
    "built",
    "delete",
    (await db.deleteFrom("kysely_readings").where("v", ">", 140).executeTakeFirst()).numDeletedRows,
  );
  line(
    "built",
    "explained",
    (await db.selectFrom("kysely_readings").selectAll().explain()).length > 0,
  );
}

async function streaming() {
  let sum = 0;
  for await (const { v } of db.selectFrom("kysely_readings").select("v").orderBy("ts").stream(100))
    sum += v;
  line("streaming", "in parts", sum);
}

async function transactions() {
  const failed = await errorOf(() =>
    db
      .transaction()
      .setIsolationLevel("serializable")
      .execute(async (one) => {
        await one.insertInto("kysely_stations").values({ name: "inside" }).execute();
        await one.deleteFrom("kysely_readings").execute();
        await one.insertInto("kysely_stations").values({ name: "inside" }).execute();
      }),
  );
  line("errors", "unique", [failed.code, failed.constraint, failed.detail]);
  const trx = await db.startTransaction().execute();
  await trx.insertInto("kysely_stations").values({ name: "kept" }).execute();
  const after = await trx.savepoint("sp").execute();
  await after.deleteFrom("kysely_readings").execute();
  await (await after.rollbackToSavepoint("sp").execute()).releaseSavepoint("sp").execute();
  await trx.commit().execute();
  const counts = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom("kysely_stations")
        .select((one) => one.fn.countAll().as("c"))
        .as("stations"),
      eb
        .selectFrom("kysely_readings")
        .select((one) => one.fn.countAll().as("c"))
        .as("readings"),
    ])
    .execute();
  line("transactions", "savepoints", counts);
}

connected();
await migrated();
await built();
await streaming();
await transactions();
for (const table of [
  "kysely_parts",
  "kysely_stations",
  "kysely_readings",
  "kysely_migration",
  "kysely_migration_lock",
]) {
  await db.schema.dropTable(table).execute();
}
await db.destroy();
