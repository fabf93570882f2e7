import { EVERYTHING, NOTHING, overlap, unionOf, type CharSet } from "./char-set.ts";
import { leastWidth, type ChoiceNode, type PatternNode, type RepeatNode, type SequenceNode } from "./pattern-tree.ts";

/** Steps that a backtracking engine may take for each character of a text. One takes about a nanosecond, and RE2 about 200 ns a character to find groups. */
const STEPS_PER_CHARACTER = 256;
/** V8 keeps a way back for each character that a repetition took, in memory that has a limit. */
const LONGEST = 1 << 16;
/** No shorter limit: so few texts would be below it that a second engine would not pay. */
const SHORTEST = 16;

/**
 * The length in UTF-16 units up to which a backtracking engine is sure to be done with any text in a number of steps that is in proportion to its length; 0 when
 * there is no such length.
 */
export function safeLength(root: ChoiceNode): number {
  const isSafe = (length: number): boolean => worstSteps(root, length) <= STEPS_PER_CHARACTER * length;
  if (isSafe(LONGEST)) return LONGEST;
  let safe = 0;
  for (let step = LONGEST / 2; step >= 1; step /= 2) if (safe + step >= SHORTEST && isSafe(safe + step)) safe += step;
  return safe;
}

/** No fewer steps than a backtracking engine takes on any text of this length: an upper bound, by the syntax alone. */
export function worstSteps(root: ChoiceNode, length: number): number {
  return new WorstCase(length).stepsOf(root);
}

/** In how many ways a part can be reached: `factor` times the ways to choose `degree` places in the text, each not before the last. */
interface Ways {
  readonly factor: number;
  readonly degree: number;
}

/** What comes behind a part. */
interface Next {
  /** Characters one of which must follow. */
  readonly set: CharSet;
  /** How many looks at most find that none of them does. */
  readonly looks: number;
  /** Whether the pattern ends, so that nothing can fail any more. */
  readonly accepts: boolean;
}

const ACCEPT: Next = { set: EVERYTHING, looks: 0, accepts: true };

/**
 * Counts the steps of a backtracking engine on the worst text of a length. Each part costs as many steps as there are ways to reach it, because each may be tried
 * before a text is given up; alternatives and repetitions multiply the ways. A repetition does not where what follows
 * begins with none of its characters: then at most one of its lengths goes on. The start of the match is one more free place, unless the pattern begins with `^`.
 */
class WorstCase {
  readonly #length: number;
  #steps = 0;

  constructor(length: number) {
    this.#length = length;
  }

  stepsOf(root: ChoiceNode): number {
    this.#choice(root, ACCEPT, { factor: 1, degree: isAnchored(root) ? 0 : 1 });
    return this.#steps + this.#length;
  }

  #part(node: PatternNode, next: Next, ways: Ways): Ways {
    switch (node.kind) {
      case "char":
      case "place":
        this.#steps += this.#count(ways);
        return ways;
      case "choice":
        return this.#choice(node, next, ways);
      case "repeat":
        return this.#repeat(node, next, ways);
    }
  }

  #choice({ branches }: ChoiceNode, next: Next, ways: Ways): Ways {
    let sum: Ways = { factor: 0, degree: 0 };
    for (const branch of branches) {
      this.#steps += this.#count(ways);
      sum = added(sum, this.#sequence(branch, next, ways));
    }
    return sum;
  }

  #sequence({ parts }: SequenceNode, next: Next, ways: Ways): Ways {
    let reached = ways;
    for (const [index, part] of parts.entries()) reached = this.#part(part, startsOf(parts.slice(index + 1), next), reached);
    return reached;
  }

  #repeat({ body, min, max }: RepeatNode, next: Next, ways: Ways): Ways {
    const isExclusive = !next.accepts && !overlap(startsOfPart(body, next).set, next.set);
    const givenBack = isExclusive ? next.looks : 0;
    const times = this.#count(ways);
    if (max === 1) {
      this.#steps += times * (1 + givenBack);
      const taken = this.#part(body, next, ways);
      return min === 1 || isExclusive ? taken : added(taken, ways);
    }
    const width = leastWidth(body);
    this.#steps += times * (min + 1) * width;
    if (next.accepts) this.#steps += this.#length;
    else if (max === Infinity) this.#steps += this.#count({ ...ways, degree: ways.degree + 1 }) * (1 + givenBack);
    else this.#steps += times * max * (width + givenBack);
    if (isExclusive || min === max) return ways;
    return max === Infinity ? { ...ways, degree: ways.degree + 1 } : { ...ways, factor: ways.factor * (max - min + 1) };
  }

  /** Places chosen with repetition from all in the text: C(length + degree, degree). */
  #count({ factor, degree }: Ways): number {
    let count = factor;
    for (let i = 1; i <= degree; i++) count *= (this.#length + i) / i;
    return count;
  }
}

/** No less than both together. */
function added(a: Ways, b: Ways): Ways {
  return { factor: a.factor + b.factor, degree: Math.max(a.degree, b.degree) };
}

/** Whether every match begins at the start of the text. */
function isAnchored({ branches }: ChoiceNode): boolean {
  return branches.every(({ parts: [first] }) => first !== undefined && isAnchoredPart(first));
}

function isAnchoredPart(node: PatternNode): boolean {
  return node.kind === "place" ? node.at === "start" : node.kind === "choice" && isAnchored(node);
}

/** What the text must go on with where these parts, and what is behind them, match. */
function startsOf(parts: readonly PatternNode[], next: Next): Next {
  return parts.reduceRight((after, part) => startsOfPart(part, after), next);
}

function startsOfPart(node: PatternNode, next: Next): Next {
  switch (node.kind) {
    case "char":
      return { set: node.set, looks: 1, accepts: false };
    case "place":
      return node.at === "end" ? { set: NOTHING, looks: 1, accepts: false } : { set: next.set, looks: 1 + next.looks, accepts: false };
    case "choice":
      return either(node.branches.map(({ parts }) => startsOf(parts, next)));
    case "repeat": {
      const own = startsOfPart(node.body, next);
      return node.min === 0 ? either([own, next]) : own;
    }
  }
}

function either(all: readonly Next[]): Next {
  return { set: unionOf(all.map(({ set }) => set)), looks: all.reduce((sum, { looks }) => sum + looks, 0), accepts: false };
}
