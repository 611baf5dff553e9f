/** The settings that change how values look as text, taken apart once per change. */

import type { TextSettings } from "../types/shape.ts";

const DATE_FORMATS = ["ISO", "SQL", "Postgres", "German"] as const;
const DATE_ORDERS = ["MDY", "DMY", "YMD"] as const;
const INTERVAL_STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"] as const;

/** `show` gives PostgreSQL's own spelling of a value: `ISO, MDY`. */
export function textSettings(
  show: (name: string) => string,
  offsetSeconds: number | undefined,
): TextSettings {
  const [format, order] = show("DateStyle").split(", ");
  return {
    timeZone: offsetSeconds ?? show("TimeZone"),
    dateStyle: {
      format: DATE_FORMATS.find((name) => name === format) ?? "ISO",
      order: DATE_ORDERS.find((name) => name === order) ?? "MDY",
    },
    intervalStyle: INTERVAL_STYLES.find((name) => name === show("IntervalStyle")) ?? "postgres",
    extraFloatDigits: Number(show("extra_float_digits")),
    byteaOutput: show("bytea_output") === "escape" ? "escape" : "hex",
  };
}
