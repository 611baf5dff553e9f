/** TypeORM over node-postgres: synchronize, migrations, repositories, its query builder, streams. */

import { connected, errorOf, line, load, ssl, target, using } from "./report.mjs";

load("reflect-metadata");
const typeorm = load("typeorm");
const { DataSource, EntitySchema, In, Between, IsNull, Not, Raw, Table, TableColumn } = typeorm;
const START = Date.UTC(2024, 5, 3);

const Station = new EntitySchema({
  name: "Station",
  tableName: "typeorm_station",
  columns: {
    id: { type: "int", primary: true, generated: "increment" },
    name: { type: "varchar", length: 40, unique: true },
    height: { type: "numeric", precision: 8, scale: 2, nullable: true },
    tags: { type: "text", array: true, default: [] },
    info: { type: "jsonb", nullable: true },
    kind: { type: "uuid", generated: "uuid" },
    isOpen: { type: "boolean", name: "is_open", default: true },
    made: { type: "timestamptz", createDate: true },
    version: { type: "int", version: true },
  },
  relations: { parts: { type: "one-to-many", target: "Part", inverseSide: "station" } },
  checks: [{ expression: `"height" > -500` }],
});
const Part = new EntitySchema({
  name: "Part",
  tableName: "typeorm_part",
  columns: {
    id: { type: "bigint", primary: true, generated: "increment" },
    label: { type: "text" },
    weight: { type: "double precision", nullable: true },
    gone: { type: "timestamp", deleteDate: true, nullable: true },
  },
  relations: {
    station: {
      type: "many-to-one",
      target: "Station",
      inverseSide: "parts",
      onDelete: "CASCADE",
      joinColumn: { name: "station_id" },
    },
  },
  indices: [{ name: "typeorm_part_label", columns: ["label", "id"] }],
});
/** Made by a migration: its table says how it is kept. */
const Reading = new EntitySchema({
  name: "Reading",
  tableName: "typeorm_reading",
  synchronize: false,
  columns: {
    ts: { type: "timestamptz", primary: true },
    device: { type: "text", primary: true },
    v: { type: "double precision", nullable: true },
    n: { type: "bigint", nullable: true },
  },
});

class First2024 {
  name = "First1704067200000";
  async up(runner) {
    await runner.query(
      `CREATE TABLE typeorm_reading (ts timestamptz NOT NULL, device text NOT NULL, v float8,
       n int8, CONSTRAINT typeorm_reading_key PRIMARY KEY (device, ts)) ${using}`,
    );
    const columns = [
      {
        name: "id",
        type: "int",
        isPrimary: true,
        isGenerated: true,
        generationStrategy: "identity",
      },
      { name: "code", type: "varchar", length: "8", isUnique: true },
      { name: "at", type: "timestamp", default: "now()" },
    ];
    await runner.createTable(new Table({ name: "typeorm_code", columns }), true);
    await runner.addColumn(
      "typeorm_code",
      new TableColumn({ name: "rank", type: "smallint", default: 3 }),
    );
    await runner.renameColumn("typeorm_code", "code", "short");
  }
  async down(runner) {
    await runner.dropTable("typeorm_code");
    await runner.query("DROP TABLE typeorm_reading");
  }
}

const { host, port, user, password, database } = target;
const source = new DataSource({
  type: "postgres",
  ...{ host, port, username: user, password, database, ssl },
  entities: [Station, Part, Reading],
  migrations: [First2024],
  migrationsTableName: "typeorm_migrations",
  uuidExtension: "pgcrypto",
  installExtensions: false,
  extra: { max: 3 },
});
const NAMES = ["part", "station", "reading", "code", "migrations"].map((one) => `typeorm_${one}`);

async function defined() {
  for (const name of NAMES) await source.query(`DROP TABLE IF EXISTS ${name} CASCADE`);
  const before = await source.driver.createSchemaBuilder().log();
  const words = before.upQueries.map(({ query }) => query.split(" ").slice(0, 3).join(" "));
  line("catalogue", "to be done", words);
  await source.synchronize();
  const after = await source.driver.createSchemaBuilder().log();
  line(
    "catalogue",
    "done: nothing left",
    after.upQueries.map(({ query }) => query),
  );
  const ran = await source.runMigrations({ transaction: "all" });
  line(
    "catalogue",
    "migrations",
    ran.map(({ name }) => name),
  );
  line("catalogue", "pending", await source.showMigrations());
  const runner = source.createQueryRunner();
  for (const name of NAMES.toSorted()) {
    const table = await runner.getTable(name);
    const columns = table.columns.map((c) => [
      c.name,
      c.type,
      c.length,
      c.precision,
      c.scale,
      c.default,
      c.isNullable,
      c.isPrimary,
      c.isUnique,
      c.isGenerated,
      c.generationStrategy,
      c.isArray,
    ]);
    line("catalogue", name, columns.map((c) => c.map(String).join(" ")).toSorted());
    line("catalogue", `rules of ${name}`, [
      table.indices.map((i) => [i.name, i.columnNames, i.isUnique]),
      table.uniques.map((u) => [u.name, u.columnNames]),
      table.checks.map((c) => [c.name, c.expression]),
      table.foreignKeys.map((f) => [f.columnNames, f.referencedTableName, f.onDelete]),
    ]);
  }
  line("catalogue", "has", [
    await runner.hasTable("typeorm_part"),
    await runner.hasColumn("typeorm_part", "label"),
    await runner.hasSchema("public"),
    await runner.hasDatabase("postgres"),
    await runner.getCurrentSchema(),
  ]);
  await runner.release();
}

async function built() {
  const readings = source.getRepository(Reading);
  const rows = Array.from({ length: 500 }, (_, n) => ({
    ts: new Date(START + 60_000 * n),
    device: `d${n % 3}`,
    v: n / 4,
    n: String(n),
  }));
  const inserted = await readings.insert(rows);
  line("batch", "rows of the series", inserted.identifiers.length);
  await readings.upsert({ ...rows[0], v: 99 }, ["device", "ts"]);
  line("built", "upserted", await readings.findOneBy({ device: "d0", ts: rows[0].ts }));
  const saved = await readings.save({ ...rows[1], v: 7 });
  line("built", "saved", saved);
  const some = { device: In(["d0", "d1"]), v: Between(3, 5), n: Not(IsNull()) };
  line("built", "found", await readings.find({ where: some, order: { ts: "DESC" }, take: 3 }));
  const counted = await readings.findAndCount({
    where: { ts: Raw((at) => `${at} > '2024-06-03 04:00Z'`) },
    skip: 5,
    take: 1,
    order: { ts: "ASC" },
  });
  line("built", "found and counted", counted);
  const stations = source.getRepository(Station);
  const station = await stations.save({
    name: "Höhe",
    height: "-12.5",
    tags: ["a", 'q"\\'],
    info: { k: [1, null] },
  });
  line("text", "made", [
    station.id,
    typeof station.kind,
    station.made instanceof Date,
    station.version,
  ]);
  const { kind: _, made: __, ...found } = await stations.findOneBy({ name: "Höhe" });
  line("text", "row", found);
  const parts = source.getRepository(Part);
  await parts.save([
    { label: "p1", station },
    { label: "p2", station, weight: 1.5 },
  ]);
  const joined = await stations.find({
    select: { name: true, parts: { id: true, label: true } },
    relations: { parts: true },
    order: { parts: { id: "ASC" } },
  });
  line("built", "relations", joined);
  const paged = await stations.find({
    relations: { parts: true },
    take: 1,
    order: { id: "ASC" },
    select: { id: true, parts: { label: true, id: true } },
  });
  line("built", "relations by pages", paged.length);
  await parts.softDelete({ label: "p1" });
  line("built", "kept", await parts.find({ select: { label: true } }));
  line("built", "with what is gone", await parts.count({ withDeleted: true }));
  await stations.update({ name: "Höhe" }, { height: () => "height + 1" });
  station.isOpen = false;
  await stations.save(station);
  line(
    "built",
    "updated",
    await stations.find({ select: { height: true, version: true, isOpen: true } }),
  );
  line("built", "increment", (await readings.increment({ device: "d1" }, "n", 5)).affected);
  const grouped = await readings
    .createQueryBuilder("r")
    .select("date_trunc('hour', r.ts)", "hour")
    .addSelect("r.device", "device")
    .addSelect("AVG(r.v)", "mean")
    .addSelect("COUNT(*)", "count")
    .where("r.ts >= :from", { from: new Date(START) })
    .andWhere("r.device IN (:...devices)", { devices: ["d0", "d2"] })
    .groupBy("1, 2")
    .having("COUNT(*) > :least", { least: 1 })
    .orderBy("1")
    .addOrderBy("2")
    .limit(3)
    .getRawMany();
  line("built", "grouped", grouped);
  const latest = await readings
    .createQueryBuilder("r")
    .distinctOn(["r.device"])
    .orderBy("r.device")
    .addOrderBy("r.ts", "DESC")
    .getMany();
  line("built", "latest", latest);
  const within = readings.createQueryBuilder("x").select("MAX(x.v)").where("x.device = r.device");
  const best = await readings
    .createQueryBuilder("r")
    .where(`r.v = (${within.getQuery()})`)
    .orderBy("r.device")
    .getMany();
  line("built", "best", best);
  line("built", "sum", [await readings.sum("v", { device: "d2" }), await readings.maximum("v")]);
  const gone = await readings
    .createQueryBuilder()
    .delete()
    .where("v > :v", { v: 120 })
    .returning("*")
    .execute();
  line("built", "deleted", gone.affected);
  line("built", "exists", await readings.existsBy({ device: "d9" }));
}

async function streaming() {
  const QueryStream = load("pg-query-stream");
  const stream = await source
    .getRepository(Reading)
    .createQueryBuilder("r")
    .orderBy("r.ts")
    .stream();
  let sum = 0;
  for await (const row of stream) sum += row.r_v;
  line("streaming", "sum", [sum, typeof QueryStream]);
}

async function transactions() {
  const failed = await errorOf(() =>
    source.transaction("SERIALIZABLE", async (manager) => {
      await manager.save(Station, { name: "inside" });
      await manager.delete(Reading, { device: "d0" });
      await manager.insert(Station, { name: "inside" });
    }),
  );
  line("errors", "unique", [failed.name, failed.code, failed.detail, failed.table]);
  const repeated = await errorOf(() =>
    source.getRepository(Reading).insert({ ts: new Date(START), device: "d0", v: 1 }),
  );
  line("errors", "unique of the series", [repeated.code, repeated.constraint, repeated.detail]);
  await source.transaction(async (manager) => {
    await manager.save(Station, { name: "kept" });
    await errorOf(() =>
      manager.transaction(async (inner) => {
        await inner.delete(Reading, { device: "d0" });
        throw new Error("back");
      }),
    );
  });
  line("transactions", "nested", [
    await source.getRepository(Station).count(),
    await source.getRepository(Reading).count(),
  ]);
  const locked = await source.transaction((manager) =>
    manager.findOne(Station, {
      where: { name: "kept" },
      lock: { mode: "pessimistic_write" },
      select: { name: true },
    }),
  );
  line("transactions", "locked", locked);
}

connected();
await source.initialize();
await defined();
await built();
await streaming();
await transactions();
await source.undoLastMigration();
for (const name of NAMES) await source.query(`DROP TABLE IF EXISTS ${name} CASCADE`);
await source.destroy();
