"""SQLAlchemy 2 over the driver that the first argument names: Core, reflection, ORM, streams."""

import asyncio
import datetime as dt
import decimal
import sys
import uuid

import sqlalchemy as sa
from report import USING, connected, line
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine

DRIVER = sys.argv[1]
PREFIX = f"sa_{DRIVER}"
START = dt.datetime(2024, 6, 3, tzinfo=dt.timezone.utc)


class Base(orm.DeclarativeBase):
    pass


class Reading(Base):
    __tablename__ = f"{PREFIX}_readings"
    __table_args__ = ({"postgresql_using": "tstable", "postgresql_with": {"entity": "'device'"}} if USING else {},)
    ts: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(timezone=True), primary_key=True)
    device: orm.Mapped[str] = orm.mapped_column(sa.Text, primary_key=True)
    v: orm.Mapped[float | None] = orm.mapped_column(sa.Double)


class Station(Base):
    __tablename__ = f"{PREFIX}_stations"
    __table_args__ = (
        sa.UniqueConstraint("name", "region", name=f"{PREFIX}_named"),
        sa.CheckConstraint("height >= -500", name=f"{PREFIX}_high"),
        sa.Index(f"{PREFIX}_by_region", "region", sa.text("height DESC")),
        sa.Index(f"{PREFIX}_tall", "height", unique=True, postgresql_where=sa.text("height > 3000")),
        {"comment": "where it is measured"},
    )
    id: orm.Mapped[int] = orm.mapped_column(sa.Identity(), primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(40), comment="as on the map")
    region: orm.Mapped[str | None] = orm.mapped_column(sa.String(20), server_default="north")
    height: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sa.Numeric(8, 2))
    opened: orm.Mapped[dt.date | None] = orm.mapped_column(sa.Date)
    key: orm.Mapped[uuid.UUID | None] = orm.mapped_column(sa.Uuid)
    tags: orm.Mapped[list[str] | None] = orm.mapped_column(postgresql.ARRAY(sa.Text))
    info: orm.Mapped[dict | None] = orm.mapped_column(postgresql.JSONB)
    every: orm.Mapped[dt.timedelta | None] = orm.mapped_column(sa.Interval)
    photo: orm.Mapped[bytes | None] = orm.mapped_column(sa.LargeBinary)
    active: orm.Mapped[bool] = orm.mapped_column(default=True)
    parts: orm.Mapped[list["Part"]] = orm.relationship(back_populates="station", cascade="all, delete-orphan", order_by="Part.id")


class Part(Base):
    __tablename__ = f"{PREFIX}_parts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    label: orm.Mapped[str]
    station_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey(f"{PREFIX}_stations.id", ondelete="CASCADE", name=f"{PREFIX}_of"))
    station: orm.Mapped[Station] = orm.relationship(back_populates="parts")


def types(connection):
    row = {
        "name": "Höhe 'x'", "height": decimal.Decimal("-12.50"), "opened": dt.date(1, 1, 1),
        "key": uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "tags": ["a", None, 'q"\\'], "info": {"k": [1, None, "ü"]},
        "every": dt.timedelta(days=-1, microseconds=5), "photo": b"\x00\xff", "active": False,
    }
    returned = connection.execute(sa.insert(Station).values(**row).returning(Station)).one()
    line("text" if DRIVER == "psycopg2" else "binary", "row", [str(value) if not isinstance(value, memoryview) else bytes(value) for value in returned])
    for name in row:
        column = getattr(Station, name)
        same = connection.scalar(sa.select(sa.func.count()).where(column == row[name]))
        line("text" if DRIVER == "psycopg2" else "binary", f"{name} as parameter", same)


def core(connection):
    rows = [{"ts": START + dt.timedelta(minutes=n), "device": f"d{n % 3}", "v": n / 4} for n in range(1500)]
    line("batch", "insertmanyvalues, none returned", connection.execute(sa.insert(Reading), rows).rowcount)
    inserted = connection.execute(
        sa.insert(Station).returning(Station.id, Station.name, sort_by_parameter_order=True),
        [{"name": f"s{n}", "height": n} for n in range(1200)],
    ).all()
    line("batch", "insertmanyvalues, returned in order", [name for _, name in inserted] == [f"s{n}" for n in range(1200)])
    hour = sa.func.date_trunc("hour", Reading.ts).label("hour")
    query = (
        sa.select(hour, Reading.device, sa.func.avg(Reading.v), sa.func.count().filter(Reading.v > 10))
        .where(Reading.ts.between(START, START + dt.timedelta(hours=2)), Reading.device.in_(["d0", "d1"]))
        .group_by(hour, Reading.device).having(sa.func.count() > 1).order_by(hour, Reading.device.desc()).limit(3).offset(1)
    )
    line("built", "grouped", [(str(h), d, a, c) for h, d, a, c in connection.execute(query)])
    ranked = sa.select(Reading.ts, Reading.v, sa.func.row_number().over(partition_by=Reading.device, order_by=Reading.ts.desc()).label("r")).subquery()
    line("built", "windows", [(str(ts), v) for ts, v in connection.execute(sa.select(ranked.c.ts, ranked.c.v).where(ranked.c.r == 1).order_by(ranked.c.ts))])
    tree = sa.select(sa.literal(1).label("n")).cte("tree", recursive=True)
    tree = tree.union_all(sa.select(tree.c.n + 1).where(tree.c.n < 5))
    line("built", "recursive", connection.scalars(sa.select(tree.c.n)).all())
    a, b = sa.select(Station.name).where(Station.height < 2), sa.select(Reading.device)
    line("built", "set operations", connection.scalars(a.union(b).order_by("name")).all())
    case = sa.case((Station.height > 1000, "high"), else_="low")
    counted = sa.select(case.label("c"), sa.func.count(), sa.func.string_agg(sa.func.left(Station.name, 2), postgresql.aggregate_order_by(sa.literal(","), Station.name)).filter(Station.height < 3)).group_by("c").order_by("c")
    line("built", "case", [tuple(one) for one in connection.execute(counted)])
    upsert = postgresql.insert(Station).values([{"name": "s1", "region": "north", "height": 7777}, {"name": "new", "region": "south", "height": None}])
    upsert = upsert.on_conflict_do_update(constraint=f"{PREFIX}_named", set_={"height": upsert.excluded.height}).returning(Station.name, Station.height)
    line("built", "upsert", [tuple(one) for one in connection.execute(upsert)])
    again = postgresql.insert(Reading).values(ts=START, device="d0", v=-1).on_conflict_do_nothing()
    line("built", "upsert of the series", connection.execute(again).rowcount)
    changed = sa.update(Station).where(Station.name.like("s11%")).values(tags=sa.func.array_append(Station.tags, "t"), height=Station.height + 1)
    line("built", "update", connection.execute(changed).rowcount)
    line("built", "delete of the series", connection.execute(sa.delete(Reading).where(Reading.v >= 300, Reading.device == "d1")).rowcount)
    lateral = sa.select(Part.label).where(Part.station_id == Station.id).limit(1).lateral()
    line("built", "lateral", connection.execute(sa.select(Station.id, lateral.c.label).join(lateral, sa.true(), isouter=True).where(Station.name == "s5")).all()[0][1])
    json = sa.select(Station.info["k"][2].astext, Station.info.has_key("k"), Station.tags[1], sa.any_(Station.tags) == "a").where(Station.name.contains("Höhe"))
    line("built", "json and arrays", tuple(connection.execute(json).one()))
    taken = sa.select(Station.id).where(Station.name == "s5").with_for_update(of=Station)
    line("built", "for update", len(connection.execute(taken).all()))


def streaming(connection):
    result = connection.execution_options(yield_per=200).execute(sa.select(Reading.v).order_by(Reading.ts))
    line("streaming", "yield_per", [len(part) for part in result.partitions()])
    connection.execution_options(yield_per=None, stream_results=False)


def transactions(connection):
    count = sa.select(sa.func.count()).select_from(Station)
    with connection.begin_nested() as nested:
        connection.execute(sa.delete(Station).where(Station.height > 100))
        connection.execute(sa.insert(Reading).values(ts=START + dt.timedelta(days=9), device="x"))
        inside = connection.scalar(count)
        nested.rollback()
    line("transactions", "savepoint", (inside, connection.scalar(count), connection.scalar(sa.select(sa.func.count()).select_from(Reading))))
    line("transactions", "isolation", connection.get_isolation_level())


def errors(connection):
    for what, statement in (
        ("unique", sa.insert(Station).values(name="s2", region="north")),
        ("check", sa.insert(Station).values(name="deep", height=-501)),
        ("foreign key", sa.insert(Part).values(id=1, label="x", station_id=-1)),
        ("too long", sa.insert(Station).values(name="x" * 41)),
        ("not null", sa.insert(Reading).values(ts=START + dt.timedelta(days=99), device=None)),
        ("syntax", sa.text("SELECT FROM WHERE")),
    ):
        nested = connection.begin_nested()
        try:
            connection.execute(statement)
        except sa.exc.DBAPIError as error:
            code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
            line("errors", what, (type(error).__name__, code, str(error.orig).split("\n")[0]))
        nested.rollback()


def reflection(connection):
    inspector = sa.inspect(connection)
    mine = [name for name in sorted(inspector.get_table_names()) if name.startswith(PREFIX)]
    line("catalogue", "tables", mine)
    line("catalogue", "views", (inspector.get_view_names(), inspector.get_materialized_view_names(), inspector.get_temp_table_names()))
    line("catalogue", "sequences", sorted(name for name in inspector.get_sequence_names() if name.startswith(PREFIX)))
    line("catalogue", "schemas", [name for name in inspector.get_schema_names() if name in ("public", "information_schema")])
    line("catalogue", "domains and enums", (inspector.get_domains(), inspector.get_enums()))
    for table in mine:
        for column in inspector.get_columns(table):
            line("catalogue", f"{table}.{column['name']}", sorted((key, repr(value)) for key, value in column.items()))
        line("catalogue", f"{table}, primary key", sorted(inspector.get_pk_constraint(table).items()))
        line("catalogue", f"{table}, foreign keys", inspector.get_foreign_keys(table))
        line("catalogue", f"{table}, unique", [sorted(one.items()) for one in inspector.get_unique_constraints(table)])
        line("catalogue", f"{table}, checks", [sorted(one.items()) for one in inspector.get_check_constraints(table)])
        line("catalogue", f"{table}, indexes", [sorted((k, str(v)) for k, v in one.items()) for one in sorted(inspector.get_indexes(table), key=lambda i: i["name"])])
        line("catalogue", f"{table}, comment", inspector.get_table_comment(table))
        line("catalogue", f"{table}, options", {k: v for k, v in inspector.get_table_options(table).items() if k not in ("postgresql_using", "postgresql_with")})
    line("catalogue", "has", (inspector.has_table(mine[0]), inspector.has_table("nothing"), inspector.has_index(f"{PREFIX}_stations", f"{PREFIX}_tall")))
    reflected = sa.MetaData()
    reflected.reflect(connection, only=mine)
    again = [(table.name, [column.name for column in table.columns]) for table in reflected.sorted_tables]
    line("catalogue", "reflected whole", again)
    line("catalogue", "kept names", inspector.get_multi_columns(filter_names=[mine[0]]).keys() == {(None, mine[0])})


def mapped(connection):
    with orm.Session(connection, join_transaction_mode="create_savepoint") as session:
        session.add_all([Station(name="orm", parts=[Part(id=n, label=f"p{n}") for n in range(5)]), Station(name="empty")])
        session.commit()
        for what, load in (("selectin", orm.selectinload), ("joined", orm.joinedload), ("subquery", orm.subqueryload), ("lazy", orm.lazyload)):
            session.expunge_all()
            query = sa.select(Station).where(Station.name.in_(["orm", "empty"])).options(load(Station.parts)).order_by(Station.name.desc())
            line("built", f"loaded by {what}", [(one.name, one.region, [part.label for part in one.parts]) for one in session.scalars(query).unique()])
        station = session.scalars(sa.select(Station).where(Station.name == "orm")).one()
        station.parts.pop(0)
        station.parts[0].label = "changed"
        station.info = {"new": True}
        session.flush()
        session.refresh(station)
        line("built", "flushed", (station.info, [part.label for part in station.parts]))
        session.execute(sa.update(Part).where(Part.id > 2).values(label=Part.label + "!"), execution_options={"synchronize_session": "fetch"})
        line("built", "update of many", sorted(part.label for part in station.parts))
        session.bulk_insert_mappings(Reading, [{"ts": START + dt.timedelta(days=30, hours=n), "device": "orm", "v": float(n)} for n in range(5)])
        reading = session.get(Reading, (START + dt.timedelta(days=30), "orm"))
        reading.v = 99.5
        session.flush()
        session.expire(reading)
        line("built", "changed row of the series", (str(reading.ts), reading.v))
        session.delete(reading)
        session.delete(station)
        session.commit()
        left = session.scalar(sa.select(sa.func.count()).select_from(Part)), session.scalar(sa.select(sa.func.count()).where(Reading.device == "orm"))
        line("built", "deleted with its parts", left)
        duplicate = Station(name="s3", region="north")
        session.add(duplicate)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            session.rollback()
            line("built", "rolled back after", (type(error).__name__, session.scalar(sa.select(sa.func.count()).where(Station.name == "s3"))))


PARTS = (types, core, streaming, transactions, errors, reflection, mapped)


def over(driver):
    engine = sa.create_engine(f"postgresql+{driver}://", pool_size=2)
    with engine.connect() as connection:
        connected(connection.connection.driver_connection.info.ssl_in_use if driver == "psycopg2" else connection.connection.driver_connection.pgconn.ssl_in_use)
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        connection.commit()
        for part in PARTS:
            with connection.begin():
                part(connection)
        Base.metadata.drop_all(connection)
        connection.commit()
        line("catalogue", "all dropped", [name for name in sa.inspect(connection).get_table_names() if name.startswith(PREFIX)])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        line("transactions", "autocommit", connection.scalar(sa.text("SELECT 1")))
    with engine.connect().execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=True) as connection:
        line("transactions", "modes", [connection.scalar(sa.text(f"SHOW transaction_{mode}")) for mode in ("isolation", "read_only")])
    engine.dispose()


async def over_asyncpg():
    engine = create_async_engine("postgresql+asyncpg://")
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        connected(raw.driver_connection._transport.get_extra_info("ssl_object") is not None)
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
        await connection.commit()
        for part in PARTS:
            async with connection.begin():
                await connection.run_sync(part)
        await connection.run_sync(Base.metadata.drop_all)
        await connection.commit()
        async with connection.begin():
            streamed = await connection.stream(sa.text("SELECT generate_series(1, 1000)"))
            line("streaming", "of rows", sum([row[0] async for row in streamed]))
    await engine.dispose()


if DRIVER == "asyncpg":
    asyncio.run(over_asyncpg())
else:
    over(DRIVER)
