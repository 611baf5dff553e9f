/** A shadow worker's thread: PostgreSQL over its private copy, one request at a time. */

import { once } from "node:events";
import { type MessagePort, parentPort } from "node:worker_threads";
import { assert, SqlError } from "../base/errors.ts";
import type { CatalogQueryRequest, SettingDefault, ShadowFunction } from "./analysis.ts";
import { Backend } from "./backend.ts";
import { nextOid, OpenDefinition, Redone, replay } from "./define.ts";
import type { ShadowRelation } from "./relation.ts";
import {
  ALL_FUNCTIONS,
  ALL_RELATIONS,
  ALL_ROLES_ROW,
  ALL_SCHEMAS,
  PRINTED_ALIKE,
  SETTING_DEFAULTS,
} from "./relations-sql.ts";
import type { ShadowRoles } from "./role.ts";
import type {
  AnswerMessage,
  CallKind,
  CallMessage,
  Calls,
  ShadowState,
  WorkerStart,
} from "./worker-protocol.ts";

type Handlers = {
  readonly [Kind in CallKind]: (request: Calls[Kind]["request"]) => Promise<Calls[Kind]["answer"]>;
};

assert(parentPort !== null, "postgres/worker.ts runs in a worker thread");
await serve(parentPort);

async function serve(port: MessagePort): Promise<void> {
  const [start] = (await once(port, "message")) as [WorkerStart];
  const handlers = handlersOf(await Backend.open(start.settings, start.code));
  // Requests come one after the other, each after the answer to the last.
  port.on("message", (message: CallMessage) => {
    void answer(handlers, message).then((reply) => port.postMessage(reply));
  });
  port.postMessage({ id: 0, kind: "answer", answer: null } satisfies AnswerMessage);
}

function handlersOf(backend: Backend): Handlers {
  let open: OpenDefinition | Redone | undefined;
  const definition = () => {
    assert(open instanceof OpenDefinition, "no definition is open");
    return open;
  };
  const begun = async (beginning: Promise<OpenDefinition | Redone>) => {
    assert(open === undefined, "a definition is open already");
    open = await beginning;
    return null;
  };
  return {
    analyse: async (request) =>
      await (open === undefined ? backend : definition()).analyse(request),
    query: async (request: CatalogQueryRequest) =>
      await (open === undefined ? backend : definition()).query(request),
    replay: async (request) => {
      await replay(backend, request);
      return null;
    },
    state: async () => await readState(backend),
    "next-oid": async () => {
      await backend.run("BEGIN; SET LOCAL ROLE NONE");
      const oid = await nextOid(backend);
      await backend.run("ROLLBACK");
      return oid;
    },
    begin: async ({ settings, oidAtLeast }) =>
      await begun(OpenDefinition.begin(backend, settings, oidAtLeast)),
    redo: async (request) => await begun(Redone.begin(backend, request)),
    execute: async (statement) => await definition().execute(statement),
    changes: async () => await definition().changes(),
    temporary: ({ savepoint, schema }) => {
      definition().markTemporary(savepoint, schema);
      return Promise.resolve(null);
    },
    savepoint: async (name) => {
      await definition().savepoint(name);
      return null;
    },
    "rollback-to": async (name) => {
      await definition().rollbackTo(name);
      return null;
    },
    release: async (name) => {
      await definition().release(name);
      return null;
    },
    definition: async () => await definition().definition(),
    end: async (request) => {
      assert(open !== undefined, "no definition is open");
      const ending = open;
      open = undefined;
      await (request === "commit" ? ending.commit() : ending.rollback());
      return null;
    },
  };
}

/** Printed as after a definition. */
async function readState(backend: Backend): Promise<ShadowState> {
  await backend.run(`BEGIN READ ONLY; ${PRINTED_ALIKE}`);
  const state = {
    relations: await backend.rows<ShadowRelation>(ALL_RELATIONS),
    functions: await backend.rows<ShadowFunction>(ALL_FUNCTIONS),
    schemas: await backend.rows<string>(ALL_SCHEMAS),
    roles: (await backend.rows<ShadowRoles>(ALL_ROLES_ROW))[0] ?? [],
    settings: await backend.rows<SettingDefault>(SETTING_DEFAULTS),
  };
  await backend.run("COMMIT");
  return state;
}

async function answer(handlers: Handlers, message: CallMessage): Promise<AnswerMessage> {
  const { id, kind } = message;
  try {
    const handler = handlers[kind] as (request: unknown) => Promise<unknown>;
    return { id, kind: "answer", answer: await handler(message.request) };
  } catch (cause) {
    if (cause instanceof SqlError) return { id, kind: "error", fields: cause.fields };
    // Anything else came out of WebAssembly or is a bug: the instance is not to be trusted.
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    return { id, kind: "broken", message: text };
  }
}
