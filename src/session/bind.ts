/** Bind's raw parameters, checked and decoded by the types the analysis found. */

import { SqlError } from "../base/errors.ts";
import { decodeBinary, decodeText } from "../types/codec.ts";
import { readFloat8 } from "../types/copy/read-floats.ts";
import { readInteger } from "../types/copy/read-numbers.ts";
import { MomentReader } from "../types/copy/read-times.ts";
import type { InputSettings } from "../types/datetime-input.ts";
import { Oid } from "../types/oids.ts";
import type { TextSettings } from "../types/shape.ts";
import { decodeUtf8 } from "../types/utf8.ts";
import type { SqlValue } from "../types/value.ts";
import { type BoundParameters, requireFormat, spreadFormats } from "./portals.ts";
import type { BindRequest } from "./results.ts";
import type { Settings } from "./settings.ts";
import type { Prepared } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export class ParameterReader {
  readonly #settings: Settings;
  readonly #transaction: Transaction;
  /** Good while the settings are these. */
  #reading: { readonly text: TextSettings; readonly input: InputSettings } | undefined;
  #moments = new MomentReader(undefined);

  constructor(settings: Settings, transaction: Transaction) {
    this.#settings = settings;
    this.#transaction = transaction;
  }

  /** @throws SqlError 08P01, 22P02, 22P03, 22021... */
  read(request: BindRequest, { parameterOids, statement }: Prepared): BoundParameters {
    const { parameters: raw } = request;
    if (raw.length !== parameterOids.length) {
      throw new SqlError(
        "08P01",
        `bind message supplies ${raw.length} parameters, but prepared statement` +
          ` "${request.statement}" requires ${parameterOids.length}`,
      );
    }
    const formats = spreadFormats(request.parameterFormats, raw.length, "parameter");
    const decode = statement.kind === "catalog-query" ? decodeUnlessForeign : decodeBinary;
    const values = raw.map((_, index) =>
      this.#value(request, index, formats, parameterOids, decode),
    );
    return { raw, formats: formats as readonly (0 | 1)[], values };
  }

  #value(
    request: BindRequest,
    index: number,
    formats: readonly number[],
    oids: readonly number[],
    decode: typeof decodeBinary,
  ): SqlValue {
    const bytes = request.parameters[index] ?? null;
    let text: string | undefined;
    try {
      if (request.fault?.at === index) throw request.fault.cause;
      const format = requireFormat(formats[index] ?? 0);
      if (bytes === null) return null;
      const oid = oids[index] ?? 0;
      if (format === 1) return decode(bytes, oid);
      const plain = this.#plainValue(bytes, oid);
      if (plain !== undefined) return plain;
      text = decodeUtf8(bytes);
      return decodeText(text, oid, this.#inputSettings());
    } catch (cause) {
      throw inParameter(cause, request.portal, index + 1, text);
    }
  }

  #inputSettings(): InputSettings {
    const { text } = this.#settings;
    if (this.#reading?.text !== text) {
      const transaction = this.#transaction;
      const input = {
        ...text,
        get nowMicros() {
          return transaction.nowMicros;
        },
      };
      this.#reading = { text, input };
      this.#moments = new MomentReader(text.timeZone);
    }
    return this.#reading.input;
  }

  /** Of the forms that nearly all parameters have; undefined: of another one. */
  #plainValue(bytes: Uint8Array, oid: number): SqlValue | undefined {
    switch (oid) {
      case Oid.timestamptz:
        return exact(this.#moments.read(bytes, 0, bytes.length));
      case Oid.int8:
        return exact(readInteger(bytes, 0, bytes.length));
      case Oid.float8:
        return readFloat8(bytes, 0, bytes.length);
      default:
        return undefined;
    }
  }
}

/** The embedded PostgreSQL reads parameters itself, and knows the binary form of every type. */
function decodeUnlessForeign(bytes: Uint8Array, oid: number): SqlValue {
  try {
    return decodeBinary(bytes, oid);
  } catch (cause) {
    if (cause instanceof SqlError && cause.fields.sqlState === "42883") return null;
    throw cause;
  }
}

/** With PostgreSQL's CONTEXT; the value itself is not shown. */
function inParameter(
  cause: unknown,
  portal: string,
  number: number,
  text: string | undefined,
): unknown {
  if (!(cause instanceof SqlError)) return cause;
  const { sqlState, message, ...fields } = cause.fields;
  const which = portal === "" ? "unnamed portal" : `portal "${portal}"`;
  const shown = text === undefined ? "" : text === "" ? " = ''" : " = '...'";
  const where = `${which} parameter $${number}${shown}`;
  const isLeftOver = message === "incorrect binary data format";
  const told = isLeftOver ? `${message} in bind parameter ${number}` : message;
  return new SqlError(sqlState, told, { ...fields, where, cause });
}

function exact(integer: number | undefined): bigint | undefined {
  return integer === undefined ? undefined : BigInt(integer);
}
