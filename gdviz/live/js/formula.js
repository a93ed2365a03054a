/**
 * A reader's own formula as a record: the grammar of gdviz.landscapes.own.grammar, by a whitelist. The text is read into
 * operations, one by one, and never run; the operations are then differentiated.
 *
 * @typedef {import("./record.js").Rec} Rec
 * @typedef {{kind: string, text: string, position: number}} Token
 */

import { Tape } from "./tape.js";

const FUNCTIONS = [
  "sin", "cos", "tan", "exp", "log", "log2", "log10", "sqrt", "abs", "sinh", "cosh", "tanh", "atan", "max", "min",
];
/** @type {Object<string, string>} */
const SYNONYMS = { ln: "log", lg: "log10", arctan: "atan" };
/** @type {Object<string, string>} */
const CONSTANTS = { pi: "pi", "π": "pi", e: "e" };
/** @type {Object<string, string>} */
const OPERATION_OF = { abs: "absolute", atan: "arctan", max: "maximum", min: "minimum" };
const OF_SEVERAL = ["max", "min"];
/** @type {Object<string, number>} */
const BASES = { log2: Math.log(2), log10: Math.log(10) };

const MOST_CHARACTERS = 200;
const MOST_PARTS = 80;
const DEEPEST = 20;
const DEEPEST_CALLS = 4;
const LARGEST_EXPONENT = 20;
const LARGEST_NUMBER = 1e12;
const MOST_OPERATIONS = 1500;

const GREEK = "αβγδεζηθικλμνξοπρστφψω";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻";
const NAME = `[a-z${GREEK}]+(?:_?[0-9]+)?`;
const TOKEN = new RegExp(
  "(?<number>(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:e[+-]?[0-9]+)?)" +
    `|(?<name>${NAME})|(?<superscript>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?<sign>\\*\\*|[-+*/^()|,√])|(?<space> +)`,
  "uy",
);
const LEFT_SIDE = new RegExp(`^ *([a-z${GREEK}]+) *(?:\\( *(${NAME}) *(?:, *(${NAME}) *)?\\) *)?$`, "u");

/** Characters that are read as others, one for one. */
const ORDINARY = new Map([
  ...Array.from({ length: 0x5e }, (_, i) => /** @type {[string, string]} */ ([
    String.fromCharCode(0xff01 + i), String.fromCharCode(0x21 + i).toLowerCase(),
  ])),
  ...[..."ABCDEFGHIJKLMNOPQRSTUVWXYZΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΡΣΤΦΨΩ"].map((letter) => /** @type {[string, string]} */ ([letter, letter.toLowerCase()])),
  ...[..."\u3000\u00a0\u2009\u202f"].map((space) => /** @type {[string, string]} */ ([space, " "])),
  ...[..."·×⋅∙∗"].map((sign) => /** @type {[string, string]} */ ([sign, "*"])),
  ...[..."÷∕⁄"].map((sign) => /** @type {[string, string]} */ ([sign, "/"])),
  ...[..."−–"].map((sign) => /** @type {[string, string]} */ ([sign, "-"])),
  ["χ", "x"], ["Χ", "x"], ["υ", "y"], ["Υ", "y"],
  ...[..."₀₁₂₃₄₅₆₇₈₉"].map((digit, i) => /** @type {[string, string]} */ ([digit, String(i)])),
]);

/** @param {string} why */
const refusal = (why) => new Error(`function: ${why}`);

/**
 * The record of a formula: its loss, gradient and second derivatives.
 *
 * @param {string} text
 * @returns {Rec}
 * @throws {Error} The text is no formula; the message says where and why.
 */
export function formulaRecord(text) {
  if (!text.trim()) throw refusal("must be a formula in x and y");
  if ([...text].length > MOST_CHARACTERS) throw refusal(`at most ${MOST_CHARACTERS} characters are allowed`);
  const ordinary = [...text].map((letter) => ORDINARY.get(letter) ?? letter).join("");
  const { declared, begin } = leftSide(ordinary);
  const reader = new Reader([...tokens(ordinary, begin, declared), { kind: "end", text: "", position: text.length + 1 }], declared);
  const loss = reader.formula();
  const { tape } = reader;
  const [gradient_x, gradient_y] = [tape.derivative(loss, "x"), tape.derivative(loss, "y")];
  const outputs = {
    loss, gradient_x, gradient_y,
    xx: tape.derivative(gradient_x, "x"), xy: tape.derivative(gradient_x, "y"), yy: tape.derivative(gradient_y, "y"),
  };
  const record = tape.record(outputs);
  if (record.operations.length > MOST_OPERATIONS) throw refusal(`its derivatives take more than ${MOST_OPERATIONS} operations; write it shorter`);
  if (record.operations.some(([name, value]) => name === "constant" && !Number.isFinite(value)))
    throw refusal("a number in it or in its derivatives is too large");
  return record;
}

/**
 * The variables that a left side names, and where the right side begins.
 * @param {string} text
 * @returns {{declared: string[] | null, begin: number}}
 */
function leftSide(text) {
  const equals = text.indexOf("=");
  if (equals < 0) return { declared: null, begin: 0 };
  const found = LEFT_SIDE.exec(text.slice(0, equals));
  const taken = new Set([...FUNCTIONS, ...Object.keys(SYNONYMS), ...Object.keys(CONSTANTS)]);
  if (!found || ["x", "y"].includes(found[1]) || taken.has(found[1]))
    throw refusal(`'=' at character ${equals + 1} may only follow such as f(x, y)`);
  const names = found.slice(2).filter(Boolean).map((name) => name.replace("_", ""));
  if (new Set(names).size < names.length || names.some((name) => taken.has(name)))
    throw refusal(`${names.join(" and ")} cannot be the names of two variables`);
  return { declared: names.length ? names : null, begin: equals + 1 };
}

/**
 * @param {string} text
 * @param {number} begin
 * @param {string[] | null} declared
 * @returns {Generator<Token>}
 */
function* tokens(text, begin, declared) {
  const names = nameMatcher(declared);
  let at = begin;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw refusal(`${JSON.stringify(text[at])} at character ${at + 1} is not allowed`);
    const [part] = found;
    const groups = /** @type {Object<string, string>} */ (found.groups);
    const position = at + 1;
    if (groups.name) yield* splitNames(part, position, names);
    else if (groups.number) yield { kind: "number", text: part, position };
    else if (groups.superscript) {
      const plain = [...part].map((letter) => "0123456789+-"[SUPERSCRIPTS.indexOf(letter)]).join("");
      yield { kind: "superscript", text: plain, position };
    } else if (groups.sign) yield { kind: part === "**" ? "^" : part, text: part, position };
    at += part.length;
  }
}

/**
 * What matches a name, the longest there is.
 * @param {string[] | null} declared
 */
function nameMatcher(declared) {
  const known = [...FUNCTIONS, ...Object.keys(SYNONYMS), ...Object.keys(CONSTANTS), ...(declared ?? ["x", "y"])];
  known.sort((a, b) => b.length - a.length);
  const words = known.map((word) => word.replace(/(?<=[^0-9])(?=[0-9])/u, "_?"));
  const free = declared ? [] : [`[x${GREEK}]_?[0-9]+`, `(?!π)[${GREEK}]`];
  return new RegExp(`(?:${[...free, ...words].join("|")})(?!_?[0-9])`, "uy");
}

/**
 * The names in a run of letters.
 * @param {string} run
 * @param {number} position
 * @param {RegExp} names
 * @returns {Generator<Token>}
 */
function* splitNames(run, position, names) {
  let at = 0;
  while (at < run.length) {
    names.lastIndex = at;
    const found = names.exec(run);
    if (!found) throw refusal(`${JSON.stringify(run)} at character ${position} is not known`);
    const name = found[0].replace("_", "");
    const kind = name in CONSTANTS ? "constant" : FUNCTIONS.includes(name) || name in SYNONYMS ? "function" : "variable";
    yield { kind, text: CONSTANTS[name] ?? SYNONYMS[name] ?? name, position: position + at };
    at += found[0].length;
  }
}

/** One method a line of the grammar. What it reads becomes places on a tape. */
class Reader {
  /**
   * @param {Token[]} found
   * @param {string[] | null} declared
   */
  constructor(found, declared) {
    this.tokens = found;
    this.at = this.parts = this.depth = this.calls = this.bars = 0;
    this.tape = new Tape();
    this.names = declared ?? variablesOf(found);
  }

  formula() {
    const place = this.sum();
    if (this.next.kind !== "end") throw this.unexpected();
    return place;
  }

  /** @returns {number} */
  sum() {
    let left = this.product();
    while (["+", "-"].includes(this.next.kind)) {
      const sign = this.take();
      left = this.node(sign, sign.kind === "+" ? "add" : "subtract", left, this.product());
    }
    return left;
  }

  product() {
    let left = this.signed();
    for (;;) {
      if (["*", "/"].includes(this.next.kind)) {
        const sign = this.take();
        const right = this.signed();
        if (sign.kind === "/" && this.tape.value(right) === 0) throw this.refuse(sign, "this divides by zero");
        left = this.node(sign, sign.kind === "*" ? "multiply" : "divide", left, right);
      } else if (["variable", "constant", "function", "(", "√"].includes(this.next.kind) || (this.next.kind === "|" && !this.bars)) {
        const beside = this.next;
        left = this.node(beside, "multiply", left, this.power());
      } else return left;
    }
  }

  /** @returns {number} */
  signed() {
    if (!["+", "-"].includes(this.next.kind)) return this.power();
    const sign = this.take();
    const operand = this.deeper(sign, () => this.signed());
    return sign.kind === "-" ? this.node(sign, "negative", operand) : operand;
  }

  /** @returns {number} */
  power() {
    const base = this.primary();
    if (this.next.kind === "superscript") return this.toThe(base, this.take());
    if (this.next.kind !== "^") return base;
    const sign = this.take();
    return this.raised(sign, base, this.deeper(sign, () => this.signed()));
  }

  /** @returns {number} */
  primary() {
    const token = this.take();
    if (token.kind === "number") return this.number(token, Number(token.text));
    if (token.kind === "variable") {
      this.count();
      return this.tape.leaf("point", "xy"[this.names.indexOf(token.text)]);
    }
    if (token.kind === "constant") {
      this.count();
      return this.tape.constant(token.text === "pi" ? Math.PI : Math.E);
    }
    if (token.kind === "(") return this.within(")")[0];
    if (token.kind === "|") return this.call(token, () => this.node(token, "absolute", this.within("|")[0]));
    if (token.kind === "√") return this.call(token, () => this.node(token, "sqrt", this.power()));
    if (token.kind === "function") return this.function(token);
    throw this.unexpected(token);
  }

  /**
   * @param {Token} name
   * @returns {number}
   */
  function(name) {
    let exponent = null;
    if (this.next.kind === "superscript") exponent = this.take();
    else if (this.next.kind === "^") {
      this.take();
      exponent = this.take();
    }
    if (exponent && !/^[0-9]+$/.test(exponent.text)) throw refusal(`write ${name.text}(...)^(...) for the power at character ${exponent.position}`);
    if (this.take().kind !== "(") throw refusal(`${name.text} at character ${name.position} needs parentheses: ${name.text}(x)`);
    const given = this.call(name, () => this.within(")", true));
    const several = OF_SEVERAL.includes(name.text);
    if (several ? given.length < 2 : given.length !== 1)
      throw refusal(`${name.text} at character ${name.position} takes ${several ? "two or more arguments" : "exactly one argument"}`);
    const operation = OPERATION_OF[name.text] ?? (name.text in BASES ? "log" : name.text);
    this.count();
    let made = several ? given.reduce((a, b) => this.tape.add(operation, a, b)) : this.tape.add(operation, given[0]);
    if (name.text in BASES) made = this.tape.add("divide", made, this.tape.constant(BASES[name.text]));
    made = this.checked(name, made);
    return exponent ? this.toThe(made, exponent) : made;
  }

  /**
   * @param {string} closing
   * @param {boolean} several
   * @returns {number[]}
   */
  within(closing, several = false) {
    const opening = this.tokens[this.at - 1];
    const outer = this.bars;
    this.bars = closing === "|" ? this.bars + 1 : 0;
    const found = this.deeper(opening, () => {
      const parts = [this.sum()];
      while (several && this.next.kind === ",") {
        this.take();
        parts.push(this.sum());
      }
      return parts;
    });
    this.bars = outer;
    if (this.next.kind !== closing) throw this.unexpected();
    this.take();
    return found;
  }

  /**
   * @param {number} base
   * @param {Token} exponent
   */
  toThe(base, exponent) {
    return this.raised(exponent, base, this.number(exponent, Number(exponent.text)));
  }

  /**
   * A power.
   * @param {Token} sign
   * @param {number} base
   * @param {number} exponent
   */
  raised(sign, base, exponent) {
    const { tape } = this;
    this.count();
    const [bottom, top] = [tape.value(base), tape.value(exponent)];
    if (bottom === Math.E && top === null) return tape.add("exp", exponent);
    if (top === null || Math.abs(top) > LARGEST_EXPONENT) throw this.refuse(sign, `an exponent must be a number of size ${LARGEST_EXPONENT} at most`);
    if (bottom === 0 && top < 0) throw this.refuse(sign, "this divides by zero");
    const power = Number.isInteger(top) && top < 0
      ? tape.add("divide", tape.constant(1), tape.add("power", base, tape.constant(-top)))
      : tape.add("power", base, exponent);
    return this.checked(sign, power);
  }

  /**
   * @param {Token} token
   * @param {number} value
   */
  number(token, value) {
    this.count();
    if (!(Math.abs(value) <= LARGEST_NUMBER)) throw this.refuse(token, `numbers beyond ±${LARGEST_NUMBER} are not allowed`);
    return this.tape.constant(value);
  }

  /**
   * An operation.
   * @param {Token} at
   * @param {string} name
   * @param {number[]} operands
   */
  node(at, name, ...operands) {
    this.count();
    return this.checked(at, this.tape.add(name, ...operands));
  }

  /**
   * A part without variables is a real number of moderate size.
   * @param {Token} at
   * @param {number} place
   */
  checked(at, place) {
    const value = this.tape.value(place);
    if (value !== null && !(Math.abs(value) <= LARGEST_NUMBER)) throw this.refuse(at, `this is not a number between ±${LARGEST_NUMBER}`);
    return place;
  }

  count() {
    this.parts += 1;
    if (this.parts > MOST_PARTS) throw refusal(`more than ${MOST_PARTS} numbers, names and operators; write it shorter`);
  }

  /**
   * @template T
   * @param {Token} at
   * @param {() => T} read
   * @returns {T}
   */
  deeper(at, read) {
    this.depth += 1;
    if (this.depth > DEEPEST) throw this.refuse(at, `nested more than ${DEEPEST} levels deep`);
    const made = read();
    this.depth -= 1;
    return made;
  }

  /**
   * @template T
   * @param {Token} at
   * @param {() => T} read
   * @returns {T}
   */
  call(at, read) {
    this.calls += 1;
    if (this.calls > DEEPEST_CALLS) throw this.refuse(at, `more than ${DEEPEST_CALLS} functions within one another`);
    const made = read();
    this.calls -= 1;
    return made;
  }

  get next() {
    return this.tokens[this.at];
  }

  take() {
    const token = this.next;
    this.at = Math.min(this.at + 1, this.tokens.length - 1);
    return token;
  }

  /**
   * @param {Token} at
   * @param {string} why
   */
  refuse(at, why) {
    return refusal(`${why}, at character ${at.position}`);
  }

  /** @param {Token} token */
  unexpected(token = this.next) {
    if (token.kind === "end") return refusal("this is not a complete formula; something is missing at its end");
    return refusal(`${JSON.stringify(token.text)} is not expected at character ${token.position}`);
  }
}

/**
 * What a text without a left side calls x and y.
 * @param {Token[]} found
 */
function variablesOf(found) {
  const names = [...new Set(found.filter((token) => token.kind === "variable").map((token) => token.text))].sort();
  if (names.every((name) => name === "x" || name === "y")) return ["x", "y"];
  if (names.includes("x") || names.includes("y") || names.length > 2)
    throw refusal(`${names.join(", ")} are not two variables; write f(u, v) = ... for other names`);
  return names;
}
