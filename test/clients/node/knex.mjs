/** Knex over node-postgres, and Objection over Knex: schema builder, migrations, queries, streams. */

import { connected, errorOf, line, load, ssl, target, using } from "./report.mjs";

const makeKnex = load("knex");
const { Model } = load("objection");
const START = Date.UTC(2024, 5, 3);

const knex = makeKnex({ client: "pg", connection: { ...target, ssl }, pool: { min: 0, max: 3 } });

const migrations = {
  "2024_first": {
    up: async (one) => {
      await one.schema.raw(
        `CREATE TABLE knex_reading (ts timestamptz, device text, v float8, n int8,
         CONSTRAINT knex_reading_key PRIMARY KEY (device, ts)) ${using}`,
      );
      await one.schema.createTable("knex_station", (table) => {
        table.increments("id");
        table.string("name", 40).notNullable().unique();
        table.decimal("height", 8, 2).checkBetween([-500, 9000]);
        table.specificType("tags", "text[]").defaultTo("{}");
        table.jsonb("info").comment("what else is known");
        table.uuid("uid").defaultTo(knex.fn.uuid());
        table.boolean("is_open").defaultTo(true).index();
        table.timestamps(true, true);
      });
      await one.schema.createTable("knex_part", (table) => {
        table.bigIncrements("id");
        table.integer("station_id").references("id").inTable("knex_station").onDelete("CASCADE");
        table.text("label");
        table.index(["label", "id"], "knex_part_label");
      });
    },
    down: async (one) => {
      for (const name of ["part", "station", "reading"]) await one.schema.dropTable(`knex_${name}`);
    },
  },
  "2024_second": {
    up: async (one) => {
      await one.schema.alterTable("knex_part", (table) => {
        table.float("weight").notNullable().defaultTo(0);
        table.string("label", 60).alter();
        table.renameColumn("label", "title");
      });
      await one.schema.alterTable("knex_station", (table) => {
        table.enu("kind", ["sea", "land"]).defaultTo("sea");
        table.dropColumn("created_at");
        table.setNullable("updated_at");
      });
    },
    down: async () => {},
  },
};
const migrationSource = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (name) => name,
  getMigration: async (name) => migrations[name],
};
const config = { migrationSource, tableName: "knex_done" };

class Part extends Model {
  static tableName = "knex_part";
}
class Station extends Model {
  static tableName = "knex_station";
  static jsonAttributes = ["info"];
  static relationMappings = {
    parts: {
      relation: Model.HasManyRelation,
      modelClass: Part,
      join: { from: "knex_station.id", to: "knex_part.station_id" },
    },
  };
}

async function defined() {
  for (const name of ["part", "station", "reading", "done", "done_lock"]) {
    await knex.schema.dropTableIfExists(`knex_${name}`);
  }
  line("catalogue", "migrated", await knex.migrate.latest(config));
  line("catalogue", "migrated again", await knex.migrate.latest(config));
  line("catalogue", "migrations", [
    (await knex.migrate.list(config))[0].length,
    await knex.migrate.currentVersion(config),
  ]);
  for (const name of ["knex_part", "knex_reading", "knex_station"]) {
    line("catalogue", name, await knex(name).columnInfo());
  }
  const { schema } = knex;
  line("catalogue", "has", [
    await schema.hasTable("knex_part"),
    await schema.hasTable("knex_no"),
    await schema.hasColumn("knex_reading", "v"),
  ]);
}

async function built() {
  const rows = Array.from({ length: 500 }, (_, n) => ({
    ts: new Date(START + 60_000 * n),
    device: `d${n % 3}`,
    v: n / 4,
    n,
  }));
  await knex.batchInsert("knex_reading", rows, 100);
  line("batch", "rows of the series", await knex("knex_reading").count());
  const again = knex("knex_reading").insert([
    { ...rows[0], v: 99 },
    { ...rows[1], v: 98 },
  ]);
  line("built", "merged", await again.onConflict(["device", "ts"]).merge(["v"]).returning("*"));
  line(
    "built",
    "ignored",
    (await knex("knex_reading").insert(rows[2]).onConflict().ignore()).rowCount,
  );
  const [station] = await knex("knex_station")
    .insert({
      name: "Höhe",
      height: -12.5,
      tags: ["a", 'q"\\'],
      info: { k: [1, null], x: { y: "z" } },
    })
    .returning(["id", "name", "height", "tags", "info", "kind", "is_open"]);
  line("text", "row", station);
  await knex("knex_part").insert([
    { station_id: station.id, title: "p1" },
    { station_id: station.id, title: "p2", weight: 1.5 },
  ]);
  const hour = knex.raw("date_trunc(?, ts)", ["hour"]);
  const grouped = await knex("knex_reading")
    .select({ hour }, "device")
    .avg({ mean: "v" })
    .count({ count: "*" })
    .whereBetween("ts", [new Date(START), new Date(START + 7_200_000)])
    .whereIn("device", ["d0", "d2"])
    .groupByRaw("1, 2")
    .havingRaw("count(*) > ?", [1])
    .orderBy([{ column: "hour" }, { column: "device", order: "desc" }])
    .limit(4);
  line("built", "grouped", grouped);
  const ranked = knex("knex_reading")
    .select("device", "v")
    .rowNumber("r", (over) => over.partitionBy("device").orderBy("v", "desc"));
  line(
    "built",
    "windows",
    await knex.with("ranked", ranked).select("*").from("ranked").where("r", 1).orderBy("device"),
  );
  const joined = knex("knex_station as s").leftJoin("knex_part as p", function on() {
    this.on("p.station_id", "s.id").andOnIn("p.title", ["p1", "p3"]);
  });
  line("built", "joined", await joined.select("s.name", "p.title").orderBy("p.title"));
  const info = { k: [1, null], x: { y: "z" } };
  line(
    "built",
    "json",
    await knex("knex_station")
      .whereJsonObject("info", info)
      .select(knex.raw("info #>> ? AS y", ["{x,y}"])),
  );
  line(
    "built",
    "json within",
    await knex("knex_station")
      .whereJsonSupersetOf("info", { x: { y: "z" } })
      .count(),
  );
  line(
    "built",
    "distinct on",
    await knex("knex_reading")
      .distinctOn("device")
      .orderBy(["device", { column: "ts", order: "desc" }]),
  );
  const both = knex("knex_reading")
    .select("device")
    .where("v", ">", 124)
    .unionAll([knex("knex_station").select("name"), knex.select(knex.raw("'x'"))]);
  line("built", "union", (await both).map(({ device }) => device).toSorted());
  line(
    "built",
    "updated",
    await knex("knex_reading")
      .where({ device: "d1" })
      .andWhere("v", "<", 1)
      .update({ n: knex.raw("?? + 1", ["n"]) }, ["device", "n"]),
  );
  line("built", "increment", await knex("knex_reading").where("device", "d2").increment("n", 2));
  line("built", "deleted", await knex("knex_reading").where("v", ">", 120).del());
  line(
    "built",
    "first",
    await knex("knex_reading").whereNot("device", "d0").first("v").orderBy("ts"),
  );
  line("built", "plucked", await knex("knex_part").orderBy("id").pluck("title"));
}

async function modelled() {
  Model.knex(knex);
  const graph = await Station.query().insertGraph({
    name: "low",
    info: { a: 1 },
    parts: [{ title: "q1" }, { title: "q2" }],
  });
  line("built", "graph", [graph.name, graph.parts.map(({ title }) => title)]);
  const fetched = await Station.query()
    .select("name", "info")
    .withGraphJoined("parts(some)")
    .modifiers({ some: (query) => query.select("title", "weight") })
    .orderBy(["knex_station.id", "parts.id"]);
  line("built", "graph joined", JSON.parse(JSON.stringify(fetched)));
  const eager = await Station.query().select("id", "name").withGraphFetched("parts").orderBy("id");
  line(
    "built",
    "graph fetched",
    eager.map(({ name, parts }) => [name, parts.length]),
  );
  const upserted = {
    id: graph.id,
    name: "lower",
    parts: [{ ...graph.parts[0], title: "Q1" }, { title: "q3" }],
  };
  await Station.query().upsertGraph(upserted);
  line(
    "built",
    "graph upserted",
    await Station.relatedQuery("parts").for(graph.id).orderBy("id").select("title"),
  );
  line("built", "patched", await Station.query().findById(graph.id).patch({ "info:a": 5 }));
  const { ref } = load("objection");
  line("built", "by json", (await Station.query().where(ref("info:a").castInt(), ">", 4)).length);
  line("built", "page", (await Part.query().orderBy("id").page(1, 2)).total);
}

async function streaming() {
  let sum = 0;
  for await (const { v } of knex("knex_reading")
    .select("v")
    .orderBy("ts")
    .stream({ highWaterMark: 50 }))
    sum += v;
  line("streaming", "sum", sum);
}

async function transactions() {
  const failed = await errorOf(() =>
    knex.transaction(
      async (trx) => {
        await trx("knex_station").insert({ name: "inside" });
        await trx("knex_reading").del();
        await trx("knex_station").insert({ name: "inside" });
      },
      { isolationLevel: "repeatable read" },
    ),
  );
  line("errors", "unique", [failed.code, failed.constraint, failed.detail, failed.table]);
  const repeated = await errorOf(() =>
    knex("knex_reading").insert({ ts: new Date(START), device: "d0" }),
  );
  line("errors", "unique of the series", [repeated.code, repeated.constraint, repeated.detail]);
  const checked = await errorOf(() => knex("knex_station").insert({ name: "high", height: 9999 }));
  line("errors", "check", [checked.code, checked.constraint, checked.table]);
  await knex.transaction(async (trx) => {
    await trx("knex_station").insert({ name: "kept" });
    await errorOf(() =>
      trx.transaction(async (inner) => {
        await inner("knex_reading").del();
        throw new Error("back");
      }),
    );
    await trx("knex_station").where({ name: "kept" }).forUpdate().noWait();
  });
  line("transactions", "nested", [
    await knex("knex_station").count(),
    await knex("knex_reading").count(),
  ]);
}

connected();
await defined();
await built();
await modelled();
await streaming();
await transactions();
await knex.migrate.rollback(config, true);
for (const name of ["knex_done", "knex_done_lock"]) await knex.schema.dropTable(name);
await knex.destroy();
