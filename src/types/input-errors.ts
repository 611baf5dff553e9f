/** The errors of type input, in PostgreSQL's words. */

import { SqlError } from "../base/errors.ts";

/** `type` is the name as PostgreSQL prints it: "integer", "double precision". */
export function invalidSyntax(type: string, text: string): SqlError {
  return new SqlError("22P02", `invalid input syntax for type ${type}: "${text}"`);
}

/** The date and time types use another class for the same fault. */
export function invalidDatetimeSyntax(type: string, text: string): SqlError {
  return new SqlError("22007", `invalid input syntax for type ${type}: "${text}"`);
}

export function outOfRange(type: string, text: string): SqlError {
  return new SqlError("22003", `value "${text}" is out of range for type ${type}`);
}

export function fieldOverflow(text: string): SqlError {
  return new SqlError("22008", `date/time field value out of range: "${text}"`);
}

export function tooShort(): SqlError {
  return new SqlError("08P01", "insufficient data left in message");
}

export function badBinary(message: string): SqlError {
  return new SqlError("22P03", message);
}

/** PostgreSQL's isspace in the C locale. */
export const SPACE = " \t\n\v\f\r";

export function trimSpace(text: string): string {
  let from = 0;
  let until = text.length;
  while (from < until && SPACE.includes(text[from] as string)) from += 1;
  while (until > from && SPACE.includes(text[until - 1] as string)) until -= 1;
  return text.slice(from, until);
}
