/** The write-ahead log and what it decides, opened over the server's data folder. */

import { openAppendFolder } from "../storage/append-files.ts";
import { Intake } from "../table/intake.ts";
import { openLogIdentity } from "../table/log-identity.ts";
import { WriteAheadLog } from "../table/wal.ts";

/** Rows that wait to be published may take these parts of the memory that queries may take. */
const TABLE_SHARE = 8;
const TOTAL_SHARE = 4;

export interface OpenIntake {
  readonly intake: Intake;
  /** Marks this server's commits. */
  readonly walId: string;
  /** What it marked them with before the folder was copied. */
  readonly earlierWalIds: readonly string[];
  /** Publishes what it can, then closes the log. */
  close(): Promise<void>;
}

/** `onFailure`: the log can no longer tell what is durable; the server must stop. */
export async function openIntake(
  folder: string,
  memoryBytes: number,
  onFailure: (cause: unknown) => void,
): Promise<OpenIntake> {
  const { id, earlier } = await openLogIdentity(folder);
  const { log, records } = await WriteAheadLog.open(await openAppendFolder(folder), { onFailure });
  const intake = Intake.open({
    log,
    records,
    walIds: [id, ...earlier],
    limits: {
      tableBytes: Math.floor(memoryBytes / TABLE_SHARE),
      totalBytes: Math.floor(memoryBytes / TOTAL_SHARE),
    },
  });
  const close = async () => {
    await intake.flushAll();
    await intake.close();
    await log.close();
  };
  return { intake, walId: id, earlierWalIds: earlier, close };
}
