import { describe, expect, test } from "vitest";
import { readNodeText } from "../../src/compile/node-text.ts";

describe("readNodeText", () => {
  test("reads fields, lists and nested nodes", () => {
    const text = "({A :n 12 :on true :none <> :list (1 2) :b {B :x -1.5}})";
    expect(readNodeText(text)).toEqual([
      { tag: "A", n: 12, on: true, none: null, list: [1, 2], b: { tag: "B", x: -1.5 } },
    ]);
  });

  test("passes over the bare kind of an operator in a tree that was only parsed", () => {
    for (const kind of ["IN", "LIKE", "NOT_BETWEEN_SYM"]) {
      const text = `{A_EXPR ${kind} :name ("=") :location 5}`;
      expect(readNodeText(text)).toEqual({ tag: "A_EXPR", name: ["="], location: 5 });
    }
  });

  test("passes over the bare NULL of a constant that was only parsed", () => {
    expect(readNodeText("{A_CONST NULL :location 5}")).toEqual({ tag: "A_CONST", location: 5 });
  });

  test("drops the letter that says what the numbers of a list are", () => {
    expect(readNodeText("{A :i (i 1 -2) :o (o 701) :b (b 8 9) :e (b)}")).toEqual({
      tag: "A",
      i: [1, -2],
      o: [701],
      b: [8, 9],
      e: [],
    });
  });

  test("keeps names that look like numbers, booleans or nothing", () => {
    const text = String.raw`{A :resname true :aliasname \12 :ctename \<> :refname a\ b
      :eref ("x\(y" "q"z" "")}`;
    expect(readNodeText(text)).toEqual({
      tag: "A",
      resname: "true",
      aliasname: "12",
      ctename: "<>",
      refname: "a b",
      eref: ["x(y", 'q"z', ""],
    });
  });

  test("reads an escaped blank that a line wrap replaced", () => {
    expect(readNodeText("{A :resname a\\\nb}")).toEqual({ tag: "A", resname: "a b" });
  });

  test("reads the bytes of a constant as unsigned, and only as many as it has", () => {
    expect(readNodeText("{CONST :constvalue 2 [ -1 7 0 0 ]}")).toEqual({
      tag: "CONST",
      constvalue: new Uint8Array([255, 7]),
    });
  });

  test.each(["{A :n 1", "(1 2", "{A :n}", "{A :constvalue 3 [ 1 2 ]}", "{A} x", "{A n 1}"])(
    "refuses a damaged tree: %s",
    (text) => {
      expect(() => readNodeText(text)).toThrow(/node tree/);
    },
  );
});

test("a list of names is not one of numbers, whatever the first name is", () => {
  expect(readNodeText('("x" "y")')).toEqual(["x", "y"]);
  expect(readNodeText("(b 8 9)")).toEqual([8, 9]);
});
