/** Sequelize over node-postgres: sync, its query interface, models, includes, upserts, scopes. */

import { connected, errorOf, line, load, ssl, target, using } from "./report.mjs";

const { DataTypes, Deferrable, Op, QueryTypes, Sequelize, Transaction } = load("sequelize");
const START = Date.UTC(2024, 5, 3);

const { host, port, user, password, database } = target;
const sequelize = new Sequelize(database, user, password, {
  dialect: "postgres",
  dialectModule: load("pg"),
  ...{ host, port, logging: false, pool: { max: 3 } },
  dialectOptions: ssl ? { ssl } : {},
});
const Station = sequelize.define(
  "station",
  {
    name: { type: DataTypes.STRING(40), allowNull: false, unique: true },
    height: DataTypes.DECIMAL(8, 2),
    tags: { type: DataTypes.ARRAY(DataTypes.TEXT), defaultValue: [] },
    info: DataTypes.JSONB,
    uid: { type: DataTypes.UUID, defaultValue: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
    isOpen: { type: DataTypes.BOOLEAN, defaultValue: true, field: "is_open" },
  },
  { tableName: "sequelize_station", underscored: true },
);
const Part = sequelize.define(
  "part",
  { label: DataTypes.TEXT, weight: DataTypes.DOUBLE },
  {
    tableName: "sequelize_part",
    ...{ underscored: true, paranoid: true },
    indexes: [{ name: "sequelize_part_label", fields: ["label", { name: "id", order: "DESC" }] }],
  },
);
Station.hasMany(Part, { onDelete: "CASCADE" });
Part.belongsTo(Station);
const Reading = sequelize.define(
  "reading",
  {
    ts: { type: DataTypes.DATE, primaryKey: true },
    device: { type: DataTypes.TEXT, primaryKey: true },
    v: DataTypes.DOUBLE,
    n: DataTypes.BIGINT,
  },
  { tableName: "sequelize_reading", timestamps: false },
);
const plain = (rows) => JSON.parse(JSON.stringify(rows));

async function defined() {
  const queries = sequelize.getQueryInterface();
  for (const name of ["part", "station", "reading"]) await queries.dropTable(`sequelize_${name}`);
  await sequelize.query(
    `CREATE TABLE sequelize_reading (ts timestamptz NOT NULL, device text NOT NULL, v float8,
     n int8, PRIMARY KEY (device, ts)) ${using}`,
  );
  await sequelize.sync();
  await Station.sync({ alter: true });
  await queries.addColumn("sequelize_part", "colour", {
    type: DataTypes.STRING(10),
    defaultValue: "red",
  });
  await queries.renameColumn("sequelize_part", "colour", "color");
  await queries.addConstraint("sequelize_part", {
    type: "check",
    fields: ["weight"],
    name: "sequelize_weight",
    where: { weight: { [Op.gte]: 0 } },
  });
  for (const name of ["part", "reading", "station"]) {
    const table = `sequelize_${name}`;
    line("catalogue", table, await queries.describeTable(table));
    const indexes = await queries.showIndex(table);
    line(
      "catalogue",
      `indexes of ${table}`,
      indexes.map((i) => [i.name, i.primary, i.unique, i.fields, i.definition]),
    );
    const references = await queries.getForeignKeyReferencesForTable(table);
    line("catalogue", `references of ${table}`, references);
  }
  const all = await queries.showAllTables();
  line("catalogue", "tables", all.filter((one) => one.startsWith("sequelize_")).toSorted());
  line("catalogue", "version", typeof (await sequelize.databaseVersion()));
}

async function built() {
  const rows = Array.from({ length: 500 }, (_, n) => ({
    ts: new Date(START + 60_000 * n),
    device: `d${n % 3}`,
    v: n / 4,
    n,
  }));
  line("batch", "rows of the series", (await Reading.bulkCreate(rows)).length);
  const again = { updateOnDuplicate: ["v"], returning: true };
  const changed = [
    { ...rows[0], v: 99 },
    { ts: new Date(START - 1), device: "d0", v: 1, n: 7 },
  ];
  line("built", "upserted", plain(await Reading.bulkCreate(changed, again)));
  line("built", "upsert of one", plain(await Reading.upsert({ ...rows[1], v: 98 })));
  const ignored = await Reading.bulkCreate([rows[0]], { ignoreDuplicates: true });
  line("built", "ignored", ignored.length);
  const [station, isMade] = await Station.findCreateFind({
    where: { name: "Höhe" },
    defaults: { height: "-12.50", tags: ["a", 'q"\\'], info: { k: [1, null], deep: { x: "y" } } },
  });
  line("text", "made", [isMade, station.id, station.height, station.tags, station.info]);
  await Part.bulkCreate([
    { label: "p1", stationId: station.id },
    { label: "p2", stationId: station.id, weight: 1.5 },
  ]);
  const attributes = ["name", "isOpen", "uid"];
  const include = [{ model: Part, attributes: ["id", "label", "weight"] }];
  line(
    "built",
    "included",
    plain(await Station.findAll({ attributes, include, order: [[Part, "id", "DESC"]] })),
  );
  line(
    "built",
    "json",
    plain(
      await Station.findAll({
        attributes,
        where: { "info.deep.x": "y", tags: { [Op.contains]: ["a"] } },
      }),
    ),
  );
  const required = {
    model: Part,
    where: { label: { [Op.iLike]: "P2%" } },
    attributes: ["label"],
    required: true,
  };
  line(
    "built",
    "by what is included",
    plain(
      await Station.findAndCountAll({ attributes, include: [required], limit: 5, distinct: true }),
    ),
  );
  await Part.destroy({ where: { label: "p1" } });
  line("built", "kept", [await Part.count(), await Part.count({ paranoid: false })]);
  const where = {
    ts: { [Op.between]: [new Date(START), new Date(START + 3_600_000)] },
    device: ["d0", "d2"],
    v: { [Op.ne]: null },
  };
  const { col, fn } = sequelize.Sequelize;
  const grouped = await Reading.findAll({
    attributes: [
      "device",
      [fn("date_trunc", "hour", col("ts")), "hour"],
      [fn("AVG", col("v")), "mean"],
      [fn("COUNT", col("*")), "count"],
    ],
    where,
    group: ["device", "hour"],
    having: sequelize.where(fn("COUNT", col("*")), { [Op.gt]: 1 }),
    order: [
      [col("hour"), "ASC"],
      ["device", "ASC"],
    ],
    raw: true,
  });
  line("built", "grouped", grouped);
  line(
    "built",
    "found and counted",
    plain(await Reading.findAndCountAll({ where, offset: 3, limit: 2, order: [["ts", "DESC"]] })),
  );
  line("built", "sum", [
    await Reading.sum("v"),
    await Reading.max("ts"),
    await Reading.aggregate("device", "count", { distinct: true }),
  ]);
  line(
    "built",
    "update",
    await Reading.update({ n: sequelize.literal("n + 1") }, { where: { device: "d1" } }),
  );
  const [one] =
    (await Reading.update({ v: 3 }, { where: { device: "d2", v: 5 }, returning: true }))[1] ?? [];
  line("built", "updated", one === undefined ? one : plain(one));
  line(
    "built",
    "increment",
    plain(await Reading.increment({ n: 2 }, { where: { device: "d0", v: { [Op.lt]: 1 } } })),
  );
  line("built", "destroyed", await Reading.destroy({ where: { v: { [Op.gt]: 120 } } }));
  const bound = await sequelize.query(
    "SELECT device, max(v) AS v FROM sequelize_reading WHERE ts > $from GROUP BY 1 ORDER BY 1",
    {
      bind: { from: new Date(START) },
      type: QueryTypes.SELECT,
    },
  );
  line("prepared", "bound", bound);
  const replaced = await sequelize.query(
    "SELECT count(*) AS n FROM sequelize_reading WHERE device IN (:devices)",
    {
      replacements: { devices: ["d0", "it's"] },
      type: QueryTypes.SELECT,
    },
  );
  line("text", "replaced", replaced);
}

async function transactions() {
  const failed = await errorOf(() =>
    sequelize.transaction(
      { isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE },
      async (transaction) => {
        await Station.create({ name: "inside" }, { transaction });
        await Reading.destroy({ where: {}, transaction });
        await Station.create({ name: "inside" }, { transaction });
      },
    ),
  );
  line("errors", "unique", [
    failed.name,
    failed.fields,
    failed.errors.map(({ message, path, value }) => [message, path, value]),
  ]);
  const repeated = await errorOf(() => Reading.create({ ts: new Date(START), device: "d0", v: 1 }));
  line("errors", "unique of the series", [
    repeated.name,
    repeated.fields,
    repeated.parent.constraint,
  ]);
  const missing = await errorOf(() => Part.create({ label: "lost", stationId: 999 }));
  line("errors", "reference", [missing.name, missing.index, missing.fields, missing.table]);
  const invalid = await errorOf(() => Part.create({ label: "light", weight: -1 }));
  line("errors", "check", [invalid.name, invalid.parent.code, invalid.parent.constraint]);
  await sequelize.transaction(async (transaction) => {
    await Station.create({ name: "kept" }, { transaction });
    const inner = await sequelize.transaction({ transaction });
    await Reading.destroy({ where: { device: "d0" }, transaction: inner });
    await inner.rollback();
  });
  line("transactions", "savepoint", [await Station.count(), await Reading.count()]);
  const locked = await sequelize.transaction((transaction) =>
    Station.findOne({
      where: { name: "kept" },
      attributes: ["name"],
      lock: transaction.LOCK.UPDATE,
      skipLocked: true,
      transaction,
    }),
  );
  line("transactions", "locked", plain(locked));
  const deferred = { deferrable: Deferrable.SET_DEFERRED(), type: Transaction.TYPES.IMMEDIATE };
  line("transactions", "deferred", await sequelize.transaction(deferred, async () => 1));
}

connected();
await sequelize.authenticate();
await defined();
await built();
await transactions();
await sequelize.drop({ cascade: true });
await sequelize.close();
