/**
 * Lets PostgreSQL judge a setting: the value is set in a transaction of the embedded server that is
 * rolled back, and read back in its canonical spelling. Names and values it refuses are refused in
 * its words. A few settings are ours to judge, because we act on them otherwise than it would.
 */

import { SqlError } from "../base/errors.ts";
import type { ShadowSettings } from "../postgres/analysis.ts";
import { isCustomSetting } from "../postgres/settings-sql.ts";
import type { Shadow } from "../postgres/shadow.ts";
import { Oid } from "../types/oids.ts";
import { isEncoding } from "./copy/encoding-names.ts";
import { readTextRows } from "./data-rows.ts";
import type { SettingValue } from "./settings.ts";

const CHECK_SQL =
  "SELECT pg_catalog.set_config($1, $2, true)," +
  " extract(timezone from timestamptz '2024-01-01 00:00:00+00')::int," +
  " extract(timezone from timestamptz '2024-07-01 00:00:00+00')::int";

const OVERLAP_POLICIES = ["reject", "skip", "replace", "allow"];

export class SettingCheck {
  readonly #shadow: Shadow;
  /** Canonical values by role, name and value: every connection sends the same few. */
  readonly #known = new Map<string, SettingValue>();

  constructor(shadow: Shadow) {
    this.#shadow = shadow;
  }

  /** @throws SqlError 42704, 22023, 55P02, 0A000 */
  async check(name: string, value: string, settings: ShadowSettings): Promise<SettingValue> {
    const own = ownJudgement(name.toLowerCase(), value);
    if (own !== undefined) return { value: own };
    const key = `${this.#shadow.catalogueNumber} ${settings.role} ${name.toLowerCase()}=${value}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const checked = await this.#ask(name, value, settings);
    if (this.#known.size > 1000) this.#known.clear();
    this.#known.set(key, checked);
    return checked;
  }

  async #ask(name: string, value: string, settings: ShadowSettings): Promise<SettingValue> {
    const answer = await this.#shadow.catalogQuery({
      text: CHECK_SQL,
      parameterOids: [Oid.text, Oid.text],
      parameters: [Buffer.from(name), Buffer.from(value)],
      parameterFormats: [],
      resultFormats: [],
      settings,
    });
    const [canonical, january, july] = readTextRows(answer.bytes)[0] ?? [];
    const spelled = canonical ?? value;
    if (name.toLowerCase() !== "timezone" || isNamedZone(spelled)) return { value: spelled };
    if (january !== july) {
      throw new SqlError("0A000", `time zone "${value}" has daylight saving rules of its own`, {
        hint: "Use the name of a region, such as America/New_York.",
      });
    }
    return { value: spelled, offsetSeconds: Number(january) };
  }
}

/** undefined: PostgreSQL's to judge. */
function ownJudgement(name: string, value: string): string | undefined {
  switch (name) {
    case "client_encoding":
      return clientEncoding(value);
    case "standard_conforming_strings":
      return onlyOn(name, value);
    case "tstable.on_overlap":
      return overlapPolicy(value);
    case "tstable.copy_notices":
      return onOrOff(name, value);
    default:
      return isCustomSetting(name) ? value : undefined;
  }
}

function clientEncoding(value: string): string {
  const plain = value
    .replaceAll("'", "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
  if (value === "UNICODE") return value; // which PostgreSQL leaves as it stands
  if (plain === "utf8" || plain === "unicode") return "UTF8";
  if (!isEncoding(value)) {
    throw new SqlError("22023", `invalid value for parameter "client_encoding": "${value}"`);
  }
  throw new SqlError("0A000", `client encoding "${value}" is not supported yet`, {
    hint: "Use UTF8.",
  });
}

function onlyOn(name: string, value: string): string {
  if (["on", "true", "yes", "1"].includes(value.toLowerCase())) return "on";
  throw new SqlError("0A000", `${name} can only be on`, {
    hint: "Write strings with backslash escapes as E'...'.",
  });
}

function onOrOff(name: string, value: string): string {
  const word = value.toLowerCase();
  if (["on", "true", "yes", "1"].includes(word)) return "on";
  if (["off", "false", "no", "0"].includes(word)) return "off";
  throw new SqlError("22023", `parameter "${name}" requires a Boolean value`);
}

function overlapPolicy(value: string): string {
  const policy = value.toLowerCase();
  if (OVERLAP_POLICIES.includes(policy)) return policy;
  throw new SqlError("22023", `invalid value for parameter "tstable.on_overlap": "${value}"`, {
    hint: "Available values: reject, skip, replace, allow.",
  });
}

/** A zone both Node and DuckDB know by its name. */
function isNamedZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
