"""Vectors of eight numbers in LLVM's language, and the functions of them that processors do not have.

sin, cos, exp and log are written out here, because calls in between would cost more than they do: those of C compute
one number at a time. They follow fdlibm (Sun, 1993), whose polynomials they take over, and are within one unit in the
last place (ulp) of the exact value; tan, tanh and logaddexp, made of them, within three.
"""

import struct
from collections.abc import Callable, Sequence

WIDTH = 8
VECTOR, MASK, WHOLE = f"<{WIDTH} x double>", f"<{WIDTH} x i1>", f"<{WIDTH} x i64>"

FARTHEST = 1e5
"""Up to this size of its argument sin and cos are computed here, beyond it by the library of C."""

_NOT_FINITE = 0x207
"""LLVM's bits for NaN and the two infinities."""
_MAGIC = 1.5 * 2.0**52
"""Added to a number of moderate size, it rounds it to a whole one, which then stands in the last bits."""
_PI_HALVES = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
_LN2 = (0.6931471803691238, 1.9082149292705877e-10)
_SIN = (
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
    -2.50507602534068634195e-08, 1.58969099521155010221e-10,
)  # fmt: skip
_COS = (
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05, -2.75573143513906633035e-07,
    2.08757232129817482790e-09, -1.13596475577881948265e-11,
)  # fmt: skip
_LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
_EXP = tuple(1.0 / f for f in (2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800))

LIBRARY = ("sin", "cos", "tan", "sinh", "cosh", "atan", "pow", "fmod")
"""Functions of C that are called where there is nothing better."""


def number(value: float) -> str:
    """A number as LLVM writes it: its bits."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def splat(value: float) -> str:
    """A vector of one number."""
    return f"splat (double {number(value)})"


class Code:
    """Instructions, one after the other; :attr:`block` is the name of the block that they are in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self._count = 0

    def let(self, instruction: str) -> str:
        """Add an instruction that has a result, and return its name."""
        name = self.name("v")
        self.lines.append(f"  %{name} = {instruction}")
        return f"%{name}"

    def do(self, instruction: str) -> None:
        """Add an instruction that has none."""
        self.lines.append(f"  {instruction}")

    def name(self, kind: str) -> str:
        """A name that is new."""
        self._count += 1
        return f"{kind}{self._count}"

    def begin(self, block: str) -> None:
        """Begin a block."""
        self.lines.append(f"{block}:")
        self.block = block

    def loop(
        self,
        low: str,
        high: str,
        stride: int,
        body: Callable[[str, list[str]], Sequence[str]],
        before: Sequence[str] = (),
    ) -> list[str]:
        """A loop over ``low``, ``low + stride``, ... up to ``high``, which is left out; it runs at least once.

        Args:
            body: Adds the instructions for an index and the vectors that the round before left; returns the next ones.
            before: These vectors before the first round.

        Returns:
            The vectors after the last round.
        """
        head, entry, done, index = self.name("loop"), self.block, self.name("done"), self.name("i")
        carried = [self.name("c") for _ in before]
        self.do(f"br label %{head}")
        self.begin(head)
        top = len(self.lines)
        after = body(f"%{index}", [f"%{name}" for name in carried])
        following = self.let(f"add i64 %{index}, {stride}")
        again = self.let(f"icmp slt i64 {following}, {high}")
        self.do(f"br i1 {again}, label %{head}, label %{done}")
        self.lines[top:top] = [f"  %{index} = phi i64 [ {low}, %{entry} ], [ {following}, %{self.block} ]"] + [
            f"  %{name} = phi {VECTOR} [ {old}, %{entry} ], [ {new}, %{self.block} ]"
            for name, old, new in zip(carried, before, after, strict=True)
        ]
        self.begin(done)
        return [*after]

    def when_any(self, mask: str, body: Callable[[], Sequence[str]], otherwise: Sequence[str]) -> list[str]:
        """Vectors from instructions that run only where a mask is true for any of the eight; else others."""
        entry, some, done = self.block, self.name("some"), self.name("done")
        any_true = self.let(f"call i1 @llvm.vector.reduce.or.v{WIDTH}i1({MASK} {mask})")
        self.do(f"br i1 {any_true}, label %{some}, label %{done}, !prof !0")
        self.begin(some)
        made = body()
        end = self.block
        self.do(f"br label %{done}")
        self.begin(done)
        return [
            self.let(f"phi {VECTOR} [ {new}, %{end} ], [ {old}, %{entry} ]")
            for new, old in zip(made, otherwise, strict=True)
        ]

    # Places in memory, and whole numbers

    def at(self, base: str, index: str) -> str:
        """The address of a number."""
        return self.let(f"getelementptr double, ptr {base}, i64 {index}")

    def load(self, base: str, index: str) -> str:
        return self.let(f"load {VECTOR}, ptr {self.at(base, index)}, align 8")

    def store(self, value: str, base: str, index: str) -> None:
        self.do(f"store {VECTOR} {value}, ptr {self.at(base, index)}, align 8")

    def load_one(self, base: str, index: str) -> str:
        """A vector of one number of memory."""
        return self.spread(self.let(f"load double, ptr {self.at(base, index)}, align 8"))

    def spread(self, scalar: str) -> str:
        """A vector of one number."""
        one = self.let(f"insertelement {VECTOR} poison, double {scalar}, i64 0")
        return self.let(f"shufflevector {VECTOR} {one}, {VECTOR} poison, <{WIDTH} x i32> zeroinitializer")

    def plus(self, a: str, b: int | str) -> str:
        return self.let(f"add i64 {a}, {b}")

    def times(self, a: str, b: int | str) -> str:
        return self.let(f"mul i64 {a}, {b}")

    def listed(self, kind: str, base: str, index: int | str) -> str:
        """An entry of a list of pointers (``ptr``) or whole numbers (``i64``)."""
        place = self.let(f"getelementptr {kind}, ptr {base}, i64 {index}")
        return self.let(f"load {kind}, ptr {place}, align 8")

    # Arithmetic

    def add(self, a: str, b: str) -> str:
        return self.let(f"fadd {VECTOR} {a}, {b}")

    def subtract(self, a: str, b: str) -> str:
        return self.let(f"fsub {VECTOR} {a}, {b}")

    def multiply(self, a: str, b: str) -> str:
        return self.let(f"fmul {VECTOR} {a}, {b}")

    def divide(self, a: str, b: str) -> str:
        return self.let(f"fdiv {VECTOR} {a}, {b}")

    def negative(self, a: str) -> str:
        return self.let(f"fneg {VECTOR} {a}")

    def fused(self, a: str, b: str, c: str) -> str:
        """ab + c, rounded once."""
        return self.let(f"call {VECTOR} @llvm.fma.v{WIDTH}f64({VECTOR} {a}, {VECTOR} {b}, {VECTOR} {c})")

    def absolute(self, a: str) -> str:
        return self.let(f"call {VECTOR} @llvm.fabs.v{WIDTH}f64({VECTOR} {a})")

    def sqrt(self, a: str) -> str:
        return self.let(f"call {VECTOR} @llvm.sqrt.v{WIDTH}f64({VECTOR} {a})")

    def compare(self, how: str, a: str, b: str) -> str:
        """A mask; how: oeq, olt, ole, ogt, oge (false where one is no number), une, uno."""
        return self.let(f"fcmp {how} {VECTOR} {a}, {b}")

    def not_finite(self, a: str) -> str:
        return self.let(f"call {MASK} @llvm.is.fpclass.v{WIDTH}f64({VECTOR} {a}, i32 {_NOT_FINITE})")

    def choose(self, mask: str, a: str, b: str) -> str:
        return self.let(f"select {MASK} {mask}, {VECTOR} {a}, {VECTOR} {b}")

    def both(self, a: str, b: str) -> str:
        return self.let(f"and {MASK} {a}, {b}")

    def either(self, a: str, b: str) -> str:
        return self.let(f"or {MASK} {a}, {b}")

    def smaller(self, a: str, b: str) -> str:
        """No number where one of them is none, as in NumPy."""
        return self.choose(self.either(self.compare("ole", a, b), self.compare("uno", a, a)), a, b)

    def larger(self, a: str, b: str) -> str:
        return self.choose(self.either(self.compare("oge", a, b), self.compare("uno", a, a)), a, b)

    def sign(self, a: str) -> str:
        zero = splat(0.0)
        below = self.choose(self.compare("olt", a, zero), splat(-1.0), self.choose(self.compare("uno", a, a), a, zero))
        return self.choose(self.compare("ogt", a, zero), splat(1.0), below)

    def whole_power(self, a: str, exponent: int) -> str:
        """a to a whole power, by repeated multiplication."""
        if exponent < 0:
            return self.divide(splat(1.0), self.whole_power(a, -exponent))
        result, square = "", a
        while exponent:
            if exponent & 1:
                result = self.multiply(result, square) if result else square
            exponent >>= 1
            if exponent:
                square = self.multiply(square, square)
        return result or splat(1.0)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """c₀ + c₁x + c₂x² + ..., by Horner's rule."""
        result = splat(coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            result = self.fused(result, x, splat(coefficient))
        return result

    def called(self, function: str, *operands: str) -> str:
        """A function of C, of one number after the other."""
        result = "poison"
        for lane in range(WIDTH):
            parts = [self.let(f"extractelement {VECTOR} {operand}, i64 {lane}") for operand in operands]
            value = self.let(f"call double @{function}({', '.join(f'double {part}' for part in parts)})")
            result = self.let(f"insertelement {VECTOR} {result}, double {value}, i64 {lane}")
        return result

    # Functions

    def bits(self, a: str) -> str:
        return self.let(f"bitcast {VECTOR} {a} to {WHOLE}")

    def integer(self, operation: str, a: str, b: int | str) -> str:
        return self.let(f"{operation} {WHOLE} {a}, {f'splat (i64 {b})' if isinstance(b, int) else b}")

    def two_to(self, k: str) -> str:
        """2 to a whole number."""
        exponent = self.integer("shl", self.integer("add", k, 1023), 52)
        return self.let(f"bitcast {WHOLE} {exponent} to {VECTOR}")

    def rounded(self, a: str) -> tuple[str, str]:
        """The nearest whole number, as a float and as an integer."""
        shifted = self.add(a, splat(_MAGIC))
        bits = self.let(f"sub {WHOLE} {self.bits(shifted)}, splat (i64 {int(number(_MAGIC), 16)})")
        return self.subtract(shifted, splat(_MAGIC)), bits

    def _exp_parts(self, a: str) -> tuple[str, str, str]:
        """p, s and t with exp(a) = s(1 + p)t: a = k log 2 + r with |r| ≤ (log 2)/2, p = exp(r) - 1, st = 2ᵏ."""
        a = self.choose(self.compare("ogt", a, splat(1100.0)), splat(1100.0), a)
        a = self.choose(self.compare("olt", a, splat(-1100.0)), splat(-1100.0), a)
        k, whole = self.rounded(self.multiply(a, splat(1.4426950408889634)))
        r = self.fused(k, splat(-_LN2[1]), self.fused(k, splat(-_LN2[0]), a))
        p = self.fused(self.multiply(r, r), self.polynomial(r, _EXP), r)
        half = self.integer("ashr", whole, 1)
        return p, self.two_to(half), self.two_to(self.integer("sub", whole, half))

    def exp(self, a: str) -> str:
        p, s, t = self._exp_parts(a)
        return self.multiply(self.fused(s, p, s), t)

    def tanh(self, a: str) -> str:
        """(e - 1)/(e + 1) with e = exp(2a), from e - 1."""
        bounded = self.choose(self.compare("ogt", a, splat(20.0)), splat(20.0), a)
        bounded = self.choose(self.compare("olt", bounded, splat(-20.0)), splat(-20.0), bounded)
        p, s, t = self._exp_parts(self.add(bounded, bounded))
        scale = self.multiply(s, t)
        less_one = self.fused(scale, p, self.subtract(scale, splat(1.0)))
        return self.divide(less_one, self.add(less_one, splat(2.0)))

    def log(self, a: str) -> str:
        """log(2ᵏ(1 + f)) = k log 2 + log(1 + f), with √½ < 1 + f < √2."""
        tiny = self.compare("olt", a, splat(2.0**-1022))
        scaled = self.choose(tiny, self.multiply(a, splat(2.0**54)), a)
        shifted = self.integer("sub", self.bits(scaled), int(number(0.7071067811865476), 16))
        k = self.let(f"sitofp {WHOLE} {self.integer('ashr', shifted, 52)} to {VECTOR}")
        k = self.choose(tiny, self.subtract(k, splat(54.0)), k)
        fraction = self.integer("add", self.integer("and", shifted, 2**52 - 1), int(number(0.7071067811865476), 16))
        f = self.subtract(self.let(f"bitcast {WHOLE} {fraction} to {VECTOR}"), splat(1.0))
        s = self.divide(f, self.add(f, splat(2.0)))
        z = self.multiply(s, s)
        r = self.multiply(z, self.polynomial(z, _LOG))
        half = self.multiply(splat(0.5), self.multiply(f, f))
        tail = self.fused(s, self.add(half, r), self.multiply(k, splat(_LN2[1])))
        result = self.subtract(self.multiply(k, splat(_LN2[0])), self.subtract(self.subtract(half, tail), f))
        result = self.choose(self.compare("ogt", a, splat(1.7976931348623157e308)), a, result)
        result = self.choose(self.compare("oeq", a, splat(0.0)), splat(float("-inf")), result)
        return self.choose(self.let(f"fcmp ult {VECTOR} {a}, {splat(0.0)}"), splat(float("nan")), result)

    def logaddexp(self, a: str, b: str) -> str:
        """max(a, b) + log(1 + u) with u = exp(-|a - b|); log(1 + u) from w = 1 + u and what rounding took from it."""
        u = self.exp(self.negative(self.absolute(self.subtract(a, b))))
        w = self.add(splat(1.0), u)
        lost = self.divide(self.subtract(u, self.subtract(w, splat(1.0))), w)
        return self.add(self.larger(a, b), self.add(self.log(w), lost))

    def sin_and_cos(self, a: str) -> tuple[str, str]:
        """Both, from a = n π/2 + r + tail with |r| ≤ π/4."""
        n, whole = self.rounded(self.multiply(a, splat(0.6366197723675814)))
        product = self.multiply(n, splat(_PI_HALVES[0]))
        lost = self.fused(n, splat(_PI_HALVES[0]), self.negative(product))
        rest = self.subtract(a, product)
        first = self.subtract(rest, lost)
        tail = self.subtract(self.subtract(rest, first), lost)
        small = self.multiply(n, splat(_PI_HALVES[1]))
        r = self.subtract(first, small)
        tail = self.add(self.subtract(self.subtract(first, r), small), tail)
        tail = self.fused(n, splat(-_PI_HALVES[2]), tail)
        z = self.multiply(r, r)
        half = self.multiply(z, splat(0.5))
        cube = self.multiply(z, r)
        inner = self.polynomial(z, _SIN[1:])
        correction = self.subtract(
            self.multiply(z, self.subtract(self.multiply(splat(0.5), tail), self.multiply(cube, inner))), tail
        )
        sine = self.subtract(r, self.fused(cube, splat(-_SIN[0]), correction))
        w = self.subtract(splat(1.0), half)
        lost = self.subtract(self.subtract(splat(1.0), w), half)
        quartic = self.multiply(z, self.multiply(z, self.polynomial(z, _COS)))
        cosine = self.add(w, self.add(lost, self.subtract(quartic, self.multiply(r, tail))))
        odd = self.let(f"icmp ne {WHOLE} {self.integer('and', whole, 1)}, zeroinitializer")
        turned = [self._signed(self.choose(odd, cosine, sine), whole)]
        turned.append(self._signed(self.choose(odd, sine, cosine), self.integer("add", whole, 1)))
        far = self.let(f"fcmp uge {VECTOR} {self.absolute(a)}, {splat(FARTHEST)}")
        result = self.when_any(far, lambda: [self.called("sin", a), self.called("cos", a)], turned)
        return result[0], result[1]

    def _signed(self, a: str, quadrant: str) -> str:
        """a, or -a where the quadrant's second bit is set."""
        flip = self.integer("shl", self.integer("and", quadrant, 2), 62)
        return self.let(f"bitcast {WHOLE} {self.integer('xor', self.bits(a), flip)} to {VECTOR}")
