/** The abbreviations ("EST") that DateStyles other than ISO print and that input may name. */

import { SqlError } from "../base/errors.ts";
import { offsetText, type Zone } from "./time-zones.ts";

/** Minutes east of Greenwich: the fixed abbreviations of PostgreSQL's set "Default". */
const FIXED: readonly (readonly [number, string])[] = [
  [-600, "HST TAHT"],
  [-570, "MART"],
  [-540, "AKST GAMT"],
  [-480, "AKDT PST"],
  [-420, "MST PDT"],
  [-360, "CST GALT MDT"],
  [-300, "ACT CDT COT EST PET"],
  [-240, "AMT AST BOT EDT"],
  [-210, "NFT NST"],
  [-180, "ADT BRA BRT CLST GFT PMST PYST UYT WGT"],
  [-150, "NDT"],
  [-120, "BRST FNT PMDT UYST WGST"],
  [-60, "AZOT EGT FNST"],
  [0, "AZOST EGST GMT UCT UT UTC WET Z ZULU"],
  [60, "BST CET MET MEZ WAT WETDST"],
  [120, "BDST CEST CETDST EET IST MEST MESZ METDST SAST"],
  [180, "EAT EEST EETDST FET IDT"],
  [210, "IRT"],
  [240, "MSD MUT RET SCT"],
  [270, "AFT"],
  [300, "MUST MVT PKT TFT TJT UZT"],
  [345, "NPT"],
  [360, "ALMT BDT BTT KGST PKST UZST XJT YEKST"],
  [390, "MMT"],
  [420, "ALMST CXT ICT WAST"],
  [480, "AWST BNT BORT CCT HKT MYT PHT WADT"],
  [525, "ACWST"],
  [540, "AWSST JAYT JST KST PWT ULAST WDT"],
  [570, "ACST CAST"],
  [600, "AEST CHUT DDUT KDT LIGT MPT PGT TRUT YAPT"],
  [630, "ACDT ACSST CADT LHST SADT"],
  [660, "AEDT AESST PONT VUT"],
  [720, "FJT GILT MHT NZST NZT TVT WAKT WFT"],
  [765, "CHAST"],
  [780, "FJST NZDT TOT"],
  [825, "CHADT"],
];

/** These follow the history of a zone in PostgreSQL; refused rather than guessed. */
const MOVING =
  "AMST ANAST ANAT ARST ART AZST AZT CKT CLT DAVT EASST EAST FKST FKT GEST GET GYT IOT " +
  "IRKST IRKT KGT KOST KRAST KRAT LHDT LINT LKT MAGST MAGT MAWT MSK NOVST NOVT NUT OMSST " +
  "OMST PETST PETT PYT SGT TKT TMT ULAT VET VLAST VLAT VOLT YAKST YAKT YEKT";

/**
 * Where the session's own zone uses an abbreviation otherwise than the default set: minutes east,
 * or undefined where it changed over time.
 */
const LOCAL: readonly (readonly [string, number | undefined, string])[] = [
  ["IST", 330, "Asia/Calcutta Asia/Kolkata"],
  ["IST", 60, "Eire Europe/Dublin"],
  [
    "CST",
    480,
    "Asia/Shanghai Asia/Taipei Asia/Macau Asia/Macao Asia/Chongqing Asia/Harbin PRC ROC",
  ],
  [
    "CDT",
    540,
    "Asia/Shanghai Asia/Taipei Asia/Macau Asia/Macao Asia/Chongqing Asia/Harbin PRC ROC",
  ],
  ["CST", 480, "Asia/Chungking"],
  ["CDT", 540, "Asia/Chungking"],
  ["CST", -300, "America/Havana Cuba"],
  ["CDT", -240, "America/Havana Cuba"],
  ["PST", 480, "Asia/Manila"],
  ["PDT", 540, "Asia/Manila"],
  ["KST", undefined, "Asia/Seoul ROK"],
  ["KDT", undefined, "Asia/Seoul ROK"],
];

/** The same, with zones where a long gone meaning would win: refused. */
const GONE: readonly (readonly [string, string])[] = [
  ["CAST", "Africa/Juba Africa/Khartoum"],
  ["WAST", "Africa/Ndjamena"],
  ["BDT BST NPT NST", "America/Adak America/Atka America/Nome US/Aleutian"],
  ["AST", "America/Anchorage US/Alaska"],
  [
    "MPT",
    "America/Boise America/Cambridge_Bay America/Denver America/Edmonton America/Regina " +
      "America/North_Dakota/Beulah America/North_Dakota/Center America/Shiprock MST7MDT Navajo " +
      "America/North_Dakota/New_Salem America/Swift_Current America/Yellowknife US/Mountain " +
      "Canada/Mountain Canada/Saskatchewan",
  ],
  [
    "PWT",
    "America/Dawson_Creek America/Ensenada America/Fort_Nelson America/Juneau America/Tijuana " +
      "America/Los_Angeles America/Metlakatla America/Santa_Isabel America/Sitka US/Pacific " +
      "America/Vancouver Canada/Pacific Mexico/BajaNorte PST8PDT",
  ],
  ["NPT", "America/Goose_Bay America/St_Johns Canada/Newfoundland"],
  ["BST", "America/La_Paz Atlantic/Bermuda"],
  ["AMT", "America/Asuncion EET Europe/Athens"],
  [
    "MMT",
    "Africa/Monrovia America/Managua America/Montevideo Asia/Calcutta Asia/Kolkata Asia/Colombo " +
      "Asia/Makassar Asia/Ujung_Pandang Europe/Minsk Europe/Moscow W-SU Indian/Kerguelen " +
      "Indian/Maldives",
  ],
  ["MST", "Europe/Moscow W-SU"],
];

const fixedByName: ReadonlyMap<string, number> = new Map(
  FIXED.flatMap(([minutes, names]) =>
    names.split(" ").map((name): [string, number] => [name, minutes * 60]),
  ),
);

const moving: ReadonlySet<string> = new Set(MOVING.split(" "));

/** `word` in any case → offset in seconds east; undefined when it is no abbreviation. */
export function abbreviatedZone(word: string, sessionZone: Zone): Zone | undefined {
  const name = word.toUpperCase();
  if (!fixedByName.has(name) && !moving.has(name)) return undefined;
  const local = LOCAL.find(([key, , zones]) => key === name && includes(zones, sessionZone));
  if (local !== undefined) {
    return local[1] === undefined ? sessionZone : local[1] * 60;
  }
  const isGone = GONE.some(([keys, zones]) => includes(keys, name) && includes(zones, sessionZone));
  if (moving.has(name) || isGone) {
    throw new SqlError("0A000", `time zone abbreviation "${word}" is not supported`, {
      hint: "Write the offset, such as +03, or the zone's full name.",
    });
  }
  return fixedByName.get(name);
}

function includes(words: string, word: Zone): boolean {
  return typeof word === "string" && ` ${words} `.includes(` ${word} `);
}

/** What PostgreSQL prints after a local time when DateStyle is not ISO. */
export function abbreviationAt(zone: Zone, utcSeconds: number, offset: number): string {
  if (typeof zone === "number") return offsetText(zone);
  if (/^(Etc\/)?(UTC|UCT|Universal|Zulu)$/i.test(zone)) return "UTC";
  if (/^(Etc\/)?(GMT|Greenwich)([+-]?0)?$/i.test(zone)) return "GMT";
  const name = AMERICAN_ZONES.has(zone) && utcSeconds >= 0 ? american(zone, utcSeconds) : undefined;
  if (name !== undefined) return name;
  throw new SqlError(
    "0A000",
    `the abbreviation of time zone "${zone}" is not known for this DateStyle`,
    { detail: `The offset is ${offsetText(offset)}.`, hint: "SET datestyle TO ISO." },
  );
}

/** For these Intl's short names are the zone database's. */
const AMERICAN_ZONES: ReadonlySet<string> = new Set([
  "America/New_York",
  "America/Chicago",
  "America/Denver",
  "America/Los_Angeles",
  "US/Eastern",
  "US/Central",
  "US/Mountain",
  "US/Pacific",
]);

const formats = new Map<string, Intl.DateTimeFormat>();

function american(zone: string, utcSeconds: number): string | undefined {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" });
    formats.set(zone, format);
  }
  const parts = format.formatToParts(utcSeconds * 1000);
  const name = parts.find((part) => part.type === "timeZoneName")?.value;
  return name !== undefined && /^[A-Z]{3,4}$/.test(name) ? name : undefined;
}
