/** Options of COPY that PostgreSQL 18 does not have. */

import { SqlError } from "../../base/errors.ts";
import { parseInteger } from "../../types/scalars.ts";
import type { Read } from "./options.ts";

/** What TIME_FOLDERS may say: so many of them, from the left. */
export const TIME_FOLDERS = ["year", "month", "day"] as const;

export const OWN_READERS: Readonly<Record<string, Read>> = {
  overlap: (reader, item) => {
    const word = reader.text(item).toLowerCase();
    if (word !== "reject" && word !== "skip" && word !== "replace" && word !== "allow") {
      throw reader.error(item, "22023", `COPY OVERLAP "${word}" not recognized`);
    }
    reader.options.overlap = word;
  },
  idempotency_key: (reader, item) => {
    reader.options.idempotencyKey = reader.text(item);
  },
  message: (reader, item) => {
    reader.options.message = reader.text(item);
  },
  compression: (reader, item) => {
    reader.options.compression = reader.text(item).toLowerCase();
  },
  row_group_rows: (reader, item) => {
    const rows = Number(parseInteger(reader.text(item), "integer", 32));
    if (rows < 1) throw new SqlError("22023", `ROW_GROUP_ROWS (${rows}) must be greater than zero`);
    reader.options.rowGroupRows = rows;
  },
  start: (reader, item) => {
    reader.options.start = reader.text(item);
  },
  finish: (reader, item) => {
    reader.options.finish = reader.text(item);
  },
  partition_by: (reader, item) => {
    const columns = reader.columns(item);
    if (columns === "all") {
      throw reader.error(item, "22023", "COPY PARTITION_BY takes the names of columns");
    }
    reader.options.partitionBy = columns;
  },
  time_folders: (reader, item) => {
    const words = reader
      .text(item)
      .toLowerCase()
      .split(/\s*,\s*/);
    const isKnown = words.every((word, index) => word === TIME_FOLDERS[index]);
    if (!isKnown) {
      const hint = "It is 'year', 'year,month' or 'year,month,day'.";
      const message = `COPY TIME_FOLDERS "${reader.text(item)}" not recognized`;
      throw new SqlError("22023", message, { hint });
    }
    reader.options.timeFolders = words.length;
  },
  incremental: (reader, item) => {
    reader.options.incremental = reader.boolean(item);
  },
  force_array: (reader, item) => {
    reader.options.forceArray = reader.boolean(item);
  },
};
