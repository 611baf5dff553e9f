"""Django over psycopg 3: its own migrations, schema changes, models, server cursors, inspectdb."""

import datetime as dt
import decimal
import io
import os
import uuid

import django
from django.conf import settings
from report import USING, connected, line

tls = {} if os.environ["PGSSLMODE"] == "disable" else {"sslrootcert": os.environ["PGSSLROOTCERT"]}
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ["PGPASSWORD"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "OPTIONS": {"sslmode": os.environ["PGSSLMODE"], **tls},
        }
    },
    USE_TZ=True,
    TIME_ZONE="America/Chicago",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SECRET_KEY="none",
)
django.setup()

from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DataError, IntegrityError, connection, models, transaction  # noqa: E402
from django.db.models import Avg, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Window  # noqa: E402
from django.db.models.functions import Lower, Rank, TruncDay, TruncHour  # noqa: E402

PREFIXES = ("tide_", "auth_", "django_")
START = dt.datetime(2024, 6, 3, tzinfo=dt.timezone.utc)


class Station(models.Model):
    name = models.CharField(max_length=40, unique=True)
    height = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    opened = models.DateField(null=True)
    key = models.UUIDField(default=uuid.uuid4)
    info = models.JSONField(default=dict)
    every = models.DurationField(null=True)
    photo = models.BinaryField(null=True)
    active = models.BooleanField(default=True)

    class Meta:
        app_label = "tide"
        indexes = [models.Index(fields=["-height"], name="tide_height")]
        constraints = [models.CheckConstraint(condition=Q(height__gt=-500), name="tide_high")]


class Part(models.Model):
    label = models.TextField()
    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="parts")

    class Meta:
        app_label = "tide"


class Reading(models.Model):
    ts = models.DateTimeField(primary_key=True)
    device = models.TextField()
    v = models.FloatField(null=True)

    class Meta:
        app_label = "tide"
        managed = False
        db_table = "tide_reading"


def migrated():
    out = io.StringIO()
    call_command("migrate", verbosity=1, stdout=out, no_color=True)
    line("catalogue", "migrated", [one.strip() for one in out.getvalue().splitlines() if "Applying" in one])
    names = sorted(connection.introspection.table_names())
    line("catalogue", "tables", [one for one in names if one.startswith(PREFIXES)])
    line("catalogue", "permissions", Permission.objects.count())


def made():
    with connection.schema_editor() as editor:
        editor.create_model(Station)
        editor.create_model(Part)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE tide_reading (ts timestamptz NOT NULL, device text NOT NULL, v float8) {USING}")
    with connection.schema_editor() as editor:
        old = Station._meta.get_field("name")
        new = models.CharField(max_length=60, unique=True)
        new.set_attributes_from_name("name")
        new.model = Station
        editor.alter_field(Station, old, new)
        added = models.IntegerField(default=7)
        added.set_attributes_from_name("extra")
        added.model = Station
        editor.add_field(Station, added)
        editor.remove_field(Station, added)
    with connection.cursor() as cursor:
        for table in ("tide_station", "tide_part", "tide_reading"):
            described = connection.introspection.get_table_description(cursor, table)
            line("catalogue", f"{table}, columns", [(c.name, c.type_code, c.null_ok, c.default) for c in described])
            found = connection.introspection.get_constraints(cursor, table)
            shape = ("columns", "primary_key", "unique", "foreign_key", "check", "index")
            kept = {k: [v[one] for one in shape] for k, v in found.items() if not k.endswith("_not_null")}
            line("catalogue", f"{table}, constraints", sorted((k[:14], repr(v)) for k, v in kept.items()))
        line("catalogue", "sequences", connection.introspection.get_sequences(cursor, "tide_station"))
        line("catalogue", "relations", connection.introspection.get_relations(cursor, "tide_part"))
    out = io.StringIO()
    call_command("inspectdb", "tide_reading", stdout=out)
    line("catalogue", "inspectdb", out.getvalue().split("class ")[1])


def written():
    values = {"name": "Höhe 'x'", "height": decimal.Decimal("-12.50"), "opened": dt.date(2024, 2, 29), "info": {"k": [1, None]}, "every": dt.timedelta(days=1, microseconds=5), "photo": b"\x00\xff"}
    station = Station.objects.create(**values)
    station.refresh_from_db()
    line("binary", "row", [bytes(v) if isinstance(v, memoryview) else v for v in (getattr(station, name) for name in values)])
    line("binary", "found by value", [Station.objects.filter(**{name: value}).count() for name, value in values.items() if name != "photo"])
    Reading.objects.bulk_create([Reading(ts=START + dt.timedelta(minutes=n), device=f"d{n % 3}", v=n / 4) for n in range(600)], batch_size=250)
    line("batch", "bulk_create", Reading.objects.count())
    made = Station.objects.bulk_create([Station(name=f"s{n}", height=n) for n in range(50)])
    line("batch", "their keys", [made[0].pk - station.pk, made[-1].pk - station.pk])
    upserted = [Station(name="s1", height=1000), Station(name="new", height=2000)]
    Station.objects.bulk_create(upserted, update_conflicts=True, unique_fields=["name"], update_fields=["height"])
    line("batch", "upserts", list(Station.objects.filter(height__gte=1000).order_by("height").values_list("name", "height")))
    Part.objects.bulk_create([Part(label=f"p{n}", station=station) for n in range(4)])
    for part in (parts := list(Part.objects.order_by("id"))):
        part.label = part.label.upper()
    line("batch", "bulk_update", (Part.objects.bulk_update(parts, ["label"]), list(station.parts.order_by("id").values_list("label", flat=True))))
    line("built", "get_or_create", (Station.objects.get_or_create(name="s2")[1], Station.objects.update_or_create(name="s2", defaults={"height": 5})[1]))


def asked():
    hours = Reading.objects.annotate(hour=TruncHour("ts")).values("hour", "device").annotate(mean=Avg("v"), n=Count("*"), high=Count("v", filter=Q(v__gt=10)))
    line("built", "by hour", list(hours.filter(device__in=["d0", "d1"]).order_by("hour", "-device")[1:4]))
    days = Reading.objects.annotate(day=TruncDay("ts", tzinfo=dt.timezone(dt.timedelta(hours=-5)))).values("day").annotate(total=Sum("v")).order_by("day")
    line("built", "by day of a zone", list(days))
    line("built", "dates", (list(Reading.objects.datetimes("ts", "day")), list(Station.objects.dates("opened", "month"))))
    line("built", "parts of times", Reading.objects.filter(ts__hour=19, ts__minute__lt=2, ts__date=dt.date(2024, 6, 2)).count())
    newest = Reading.objects.filter(device=OuterRef("device")).order_by("-ts").values("v")[:1]
    line("built", "subquery", list(Reading.objects.values("device").distinct().annotate(last=Subquery(newest)).order_by("device")))
    line("built", "exists", Station.objects.filter(Exists(Part.objects.filter(station=OuterRef("pk"), label__startswith="P"))).count())
    ranked = Reading.objects.annotate(rank=Window(Rank(), partition_by="device", order_by=F("v").desc())).filter(rank=1)
    line("built", "windows", list(ranked.order_by("device").values_list("device", "v", "rank")))
    line("built", "joined", list(Part.objects.select_related("station").filter(station__name__icontains="'X").order_by("id").values_list("label", "station__name")[:2]))
    line("built", "prefetched", [[part.label for part in one.parts.all()] for one in Station.objects.prefetch_related("parts").filter(name="Höhe 'x'")])
    line("built", "json", Station.objects.filter(info__k__0=1, info__has_key="k").annotate(low=Lower("name")).values_list("low", "info__k").get())
    line("built", "union", list(Station.objects.filter(name="s1").values_list("name").union(Reading.objects.filter(v=10).values_list("device")).order_by("name")))
    line("built", "aggregates", Reading.objects.aggregate(Max("ts"), Sum("v"), n=Count("device", distinct=True)))
    line("built", "update", (Reading.objects.filter(v=10).update(v=F("v") + 1), Station.objects.filter(name__in=["s3", "s4"]).update(active=False, height=F("height") * 2)))
    line("built", "delete", (Reading.objects.filter(v__gte=140).delete(), Part.objects.all().delete(), Station.objects.filter(name="Höhe 'x'").delete()))
    line("built", "explain", len(Reading.objects.filter(v=1).explain()) > 0)
    line("built", "users", (User.objects.create_user("ada", password=None).pk is not None, Group.objects.create(name="g").user_set.count()))


def ended():
    total = sum(one.v for one in Reading.objects.order_by("ts").iterator(chunk_size=100))
    with transaction.atomic():
        inside = sum(1 for _ in Reading.objects.iterator(chunk_size=50))
    line("streaming", "iterator", (total, inside))
    try:
        with transaction.atomic():
            Station.objects.create(name="inside")
            try:
                with transaction.atomic():
                    Station.objects.create(name="inside")
            except IntegrityError as error:
                line("errors", "unique", (error.__cause__.sqlstate, error.__cause__.diag.message_detail))
            line("transactions", "nested", Station.objects.select_for_update().filter(name="inside").count())
            Reading.objects.all().delete()
            raise ZeroDivisionError
    except ZeroDivisionError:
        line("transactions", "rolled back", (Station.objects.filter(name="inside").count(), Reading.objects.count()))
    for what, values in (("check", {"name": "deep", "height": -501}), ("too long", {"name": "x" * 70}), ("overflow", {"name": "y", "height": 10**7})):
        try:
            with transaction.atomic():
                Station.objects.create(**values)
        except (IntegrityError, DataError) as error:
            line("errors", what, (type(error).__name__, error.__cause__.sqlstate))
        except decimal.InvalidOperation as error:
            line("errors", what, type(error).__name__)


connection.ensure_connection()
connected(connection.connection.pgconn.ssl_in_use)
with connection.cursor() as main:
    left = [one for one in connection.introspection.table_names(main) if one.startswith(PREFIXES)]
    if left:
        main.execute(f"DROP TABLE {', '.join(left)} CASCADE")
migrated()
made()
written()
asked()
ended()
with connection.cursor() as main:
    names = [one for one in connection.introspection.table_names(main) if one.startswith(PREFIXES)]
    main.execute(f"DROP TABLE {', '.join(names)} CASCADE")
