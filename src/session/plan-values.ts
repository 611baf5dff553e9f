/** The values a plan's parameters have in one execution, and what its symbolic scalars come to. */

import { assert, unreachable } from "../base/errors.ts";
import type { MovedMoment, ParameterSource, Plan, Scalar } from "../compile/plan.ts";
import type { EngineParameter } from "../engine/request.ts";
import { DATE_MIN, MICROS_PER_DAY } from "../types/calendar.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlValue } from "../types/value.ts";
import { askCatalogFunction } from "./catalog-function.ts";
import type { Execution } from "./execution.ts";
import { callOwnFunction } from "./own-calls.ts";
import { callSequence } from "./plain/sequences.ts";
import { type StatementWorld, takeWorld, tstablesOf } from "./statement-world.ts";
import { usedParameters } from "./used-parameters.ts";

type SqlScalar = Extract<Scalar, { kind: "sql" }>;

const TIMESTAMP_MIN = BigInt(DATE_MIN) * BigInt(MICROS_PER_DAY);

export class PlanValues {
  /** Whoever binds the plan releases it. */
  readonly world: StatementWorld;
  readonly #execution: Execution;
  readonly #parameters: EngineParameter[] = [];

  private constructor(world: StatementWorld, execution: Execution) {
    this.world = world;
    this.#execution = execution;
  }

  /** Takes the statement's world; functions of ours among the parameters are computed in it. */
  static async of(
    plan: Pick<Plan, "parameters" | "scans">,
    execution: Execution,
  ): Promise<PlanValues> {
    const world = await takeWorld(tstablesOf(plan, execution.services.tables), execution);
    try {
      const values = new PlanValues(world, execution);
      for (const source of plan.parameters) {
        values.#parameters.push(await values.#parameter(source));
      }
      return values;
    } catch (cause) {
      world.release();
      throw cause;
    }
  }

  /** `$1`, `$2`... of the generated SQL. */
  get parameters(): readonly EngineParameter[] {
    return this.#parameters;
  }

  /** Values in order; what is not known here is computed by the engine, all in one query. */
  async scalars(scalars: readonly Scalar[]): Promise<SqlValue[]> {
    const known = scalars.map((scalar) => this.#known(scalar));
    const computed = scalars.filter((scalar, index): scalar is SqlScalar => {
      return scalar.kind === "sql" && known[index] === undefined;
    });
    if (computed.length === 0) return known.map((value) => value ?? null);
    const answers = await this.#compute(computed);
    let next = 0;
    return known.map((value) => {
      if (value !== undefined) return value;
      next += 1;
      return answers[next - 1] ?? null;
    });
  }

  /** undefined: the engine knows. */
  #known(scalar: Scalar): SqlValue | undefined {
    switch (scalar.kind) {
      case "constant":
        return scalar.value;
      case "parameter":
        return this.#parameters[scalar.number - 1]?.value ?? null;
      case "sql":
        return scalar.moved && this.#moved(scalar.moved);
    }
  }

  #moved({ base, micros }: MovedMoment): SqlValue | undefined {
    const value = this.#known(base);
    if (typeof value !== "bigint" || value === POS_INFINITY || value === NEG_INFINITY) return value;
    const moved = value + micros;
    // The engine tells what is out of range.
    return moved < TIMESTAMP_MIN || moved >= POS_INFINITY ? undefined : moved;
  }

  async #compute(
    scalars: readonly { readonly sql: string; readonly shape: Shape }[],
  ): Promise<readonly SqlValue[]> {
    const { services, settings, signal } = this.#execution;
    const list = scalars.map(({ sql }, index) => `${sql} AS c${index + 1}`).join(", ");
    const { sql, parameters } = usedParameters(`SELECT ${list}`, this.#parameters);
    return await services.engine.evaluate(
      sql,
      parameters,
      scalars.map(({ shape }) => shape),
      { timeZone: settings.text.timeZone, signal },
    );
  }

  async #parameter(source: ParameterSource): Promise<EngineParameter> {
    const { parameters, transaction } = this.#execution;
    switch (source.kind) {
      case "client": {
        const value = parameters.values[source.index - 1];
        assert(value !== undefined, "a plan has more parameters than were bound");
        return { typeOid: source.typeOid, value };
      }
      case "transaction-time":
        return { typeOid: Oid.timestamptz, value: transaction.startMicros };
      case "statement-time":
        return { typeOid: Oid.timestamptz, value: transaction.statementMicros };
      case "function": {
        const args = await this.scalars(source.args);
        const { services } = this.#execution;
        const rows = await callOwnFunction(source.functionOid, args, services, this.world);
        return { typeOid: source.typeOid, value: rows[0]?.[0] ?? null };
      }
      case "catalog-function":
        return await askCatalogFunction(
          source.functionOid,
          source.args.map((arg) => (arg.kind === "sql" ? arg.shape.typeOid : arg.typeOid)),
          await this.scalars(source.args),
          this.#execution,
        );
      case "sequence": {
        const { call } = source;
        const args = call.kind === "setval" ? [call.value, call.isCalled] : [];
        const value = await callSequence(call, await this.scalars(args), this.#execution);
        return { typeOid: Oid.int8, value };
      }
      default:
        return unreachable(source);
    }
  }
}
