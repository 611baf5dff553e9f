/**
 * An INSERT of literals prepared by its shape: PostgreSQL analyses a row of parameters in place of
 * the rows, once for all statements of that shape, and the literals are read here.
 */

import { SqlError } from "../base/errors.ts";
import type { InsertLiterals } from "../compile/insert-literals.ts";
import type { RelationColumn } from "../compile/plan.ts";
import { readQuery } from "../compile/tree.ts";
import type { Analysis } from "../postgres/analysis.ts";
import type { ShadowView } from "../postgres/view.ts";
import { defaultedColumns, readLiterals } from "./literal-rows.ts";
import { prepareChange } from "./prepare-change.ts";
import type { Settings } from "./settings.ts";
import type { Change } from "./statement.ts";
import type { Tables } from "./tables.ts";

/** What the analysis of a shape comes to. */
interface Shape {
  readonly change: Change;
  /** The column that each parameter goes into, as it is. */
  readonly columns: readonly RelationColumn[];
}

export interface LiteralChange {
  readonly analysis: Analysis;
  readonly change: Change;
  recompile(settings: Settings): Change;
}

export class LiteralInserts {
  readonly #shadow: ShadowView;
  readonly #tables: Tables;
  /** null: of no use here. */
  readonly #shapes = new WeakMap<Analysis, Shape | null>();

  constructor(shadow: ShadowView, tables: Tables) {
    this.#shadow = shadow;
    this.#tables = tables;
  }

  /** undefined: it must be analysed as it stands. */
  async prepare(
    literals: InsertLiterals,
    settings: Settings,
    signal: AbortSignal | undefined,
  ): Promise<LiteralChange | undefined> {
    if (settings.get("standard_conforming_strings") !== "on") return undefined;
    const defaulted = defaultedColumns(literals);
    const analysis = await this.#analyse(templateOf(literals, defaulted), settings, signal);
    const shape = analysis && this.#shapeOf(analysis, settings);
    if (analysis === undefined || shape === null || shape === undefined) return undefined;
    const parameters = shape.columns.values();
    const targets = defaulted.map((isDefault) => (isDefault ? undefined : parameters.next().value));
    // Nothing that is read here depends on the clock.
    const block = readLiterals(literals, targets, { ...settings.text, nowMicros: 0n });
    if (block === undefined) return undefined;
    const change = withLiterals(shape.change, block);
    const recompile = (changed: Settings) =>
      withLiterals(prepareChange(readQuery(analysis.tree), changed, this.#tables), block);
    return { analysis, change, recompile };
  }

  /** undefined: PostgreSQL refuses the shape; its words must be about the statement itself. */
  async #analyse(
    text: string,
    settings: Settings,
    signal: AbortSignal | undefined,
  ): Promise<Analysis | undefined> {
    try {
      const request = { text, parameterOids: [], settings: settings.shadow };
      return await this.#shadow.analyse(request, signal);
    } catch (cause) {
      if (cause instanceof SqlError && cause.fields.sqlState !== "57014") return undefined;
      throw cause;
    }
  }

  #shapeOf(analysis: Analysis, settings: Settings): Shape | null {
    const known = this.#shapes.get(analysis);
    if (known !== undefined) return known;
    let shape: Shape | undefined;
    try {
      shape = this.#newShape(analysis, settings);
    } catch (cause) {
      if (!(cause instanceof SqlError)) throw cause;
    }
    this.#shapes.set(analysis, shape ?? null);
    return shape ?? null;
  }

  #newShape(analysis: Analysis, settings: Settings): Shape | undefined {
    const change = prepareChange(readQuery(analysis.tree), settings, this.#tables);
    const [cells, ...others] = change.rows?.program.rows ?? [];
    const info = this.#tables.relation(change.plan.relationOid);
    if (cells === undefined || others.length > 0 || info === undefined) return undefined;
    const columns: RelationColumn[] = [];
    for (const [index, cell] of cells.entries()) {
      const column = info.columns[index];
      if (cell.kind !== "parameter" || column === undefined) continue;
      const isAsIs = cell.casts.length === 0 && columns[cell.index] === undefined;
      if (!isAsIs || analysis.parameterOids[cell.index] !== column.typeOid) return undefined;
      columns[cell.index] = column;
    }
    const isWhole = columns.filter(() => true).length === analysis.parameterOids.length;
    return isWhole ? { change, columns } : undefined;
  }
}

function templateOf({ head, tail }: InsertLiterals, defaulted: readonly boolean[]): string {
  let parameters = 0;
  const cells = defaulted.map((isDefault) => {
    if (isDefault) return "DEFAULT";
    parameters += 1;
    return `$${parameters}`;
  });
  return `${head.trim()} (${cells.join(", ")}) ${tail}`;
}

function withLiterals(change: Change, literals: NonNullable<Change["rows"]>["literals"]): Change {
  return { ...change, rows: change.rows && { ...change.rows, literals } };
}
