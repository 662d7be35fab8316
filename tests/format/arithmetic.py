"""Bytes, numbers and functions: the sections *Conventions* and *Numbers*."""
import numpy as np

np.seterr(all="ignore")
U64, ONE = np.uint64, np.uint64(1)


class Corrupt(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Corrupt(what)


class Bytes:
    """A place in bytes."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, n):
        need(self.at + n <= len(self.data), "input is cut")
        self.at += n
        return self.data[self.at - n : self.at]

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def varint(self):
        value = place = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << place
            place += 7
            if byte < 128:
                need((byte or place == 7) and value < 1 << 64, "varint")
                return value

    def rest(self):
        return self.take(len(self.data) - self.at)


R = [0.0] + [1.0 / i for i in range(1, 32)]
TEN = [float(f"1e{k}") for k in range(23)]
L2E, LN2, PI = 1.4426950408889634, 0.6931471805599453, 3.141592653589793


def round_(x):
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)


def to_u64(x):
    inside = (x > 0) & (x < 2.0**64)
    return np.where(inside, np.where(inside, x, 0).astype(U64), np.where(x >= 2.0**64, U64(2**64 - 1), U64(0)))


def exp(x):
    k = round_(x * L2E)
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    total = np.ones_like(x)
    for i in range(13, 0, -1):
        total = 1.0 + total * r * R[i]
    inside = (x < 690.0) & ~(x < -690.0)
    y = total * np.ldexp(1.0, np.where(inside, k, 0).astype(int))
    return np.where(inside, y, np.where(x < -690.0, 0.0, 1e300))


def ln(x):
    good = (x >= 2.0**-1022) & (x < np.inf)
    m, k = np.frexp(np.where(good, x, 1.0))
    m, k = m * 2.0, k - 1
    large = m > 1.4142135623730951
    m, k = np.where(large, m * 0.5, m), k + large
    t = (m - 1.0) / (m + 1.0)
    t2, total = t * t, np.zeros_like(t)
    for i in range(10, -1, -1):
        total = total * t2 + R[2 * i + 1]
    return np.where(good, 2.0 * t * total + k * LN2, -700.0)


def sin_cos(x):
    good = np.abs(x) < 1e6
    x = np.where(good, x, 0.0)
    q = round_(x * 0.6366197723675814)
    r = (x - q * 1.5707963267341256) - q * 6.077100506506192e-11
    r2 = r * r
    s, c = np.ones_like(x), np.ones_like(x)
    for i in range(8, 0, -1):
        s = 1.0 - s * r2 * R[2 * i] * R[2 * i + 1]
        c = 1.0 - c * r2 * R[2 * i - 1] * R[2 * i]
    s = s * r
    q = q.astype(np.int64) & 3
    return np.where(good, np.choose(q, [s, c, -s, -c]), 0.0), np.where(good, np.choose(q, [c, -s, -c, s]), 1.0)


def atan(x):
    far = np.abs(x) > 1.0
    near = np.where(far, 1.0 / x, x)
    h = near / (1.0 + np.sqrt(1.0 + near * near))
    g = h / (1.0 + np.sqrt(1.0 + h * h))
    t2, total = g * g, np.zeros_like(x)
    for i in range(9, -1, -1):
        total = R[2 * i + 1] - total * t2
    y = 4.0 * g * total
    y = np.where(far, np.where(x > 0, PI / 2 - y, -(PI / 2) - y), y)
    return np.where(np.isnan(x), 0.0, y)


def angle(x, y):
    turned = atan(y / x)
    upright = np.where(y > 0, PI / 2, np.where(y < 0, -(PI / 2), 0.0))
    return np.where(x > 0, turned, np.where(x < 0, np.where(y < 0, turned - PI, turned + PI), upright))


def cosh(x):
    e = exp(x)
    return (e + 1.0 / e) * 0.5


def sinh(x):
    e = exp(x)
    small = x + x * x * x * (1.0 / 6.0) + x * x * x * x * x * (1.0 / 120.0)
    return np.where(np.abs(x) < 1e-2, small, (e - 1.0 / e) * 0.5)


def pos(x):
    return np.where(x > 0, x, 0.0)


def eta(a, b, c):
    s = c / np.sqrt(a * a + b * b)
    r = np.sqrt(s * s + 1.0)
    return np.where(s >= 0, ln(s + r), -ln(r - s))


def square(x):
    return x * x


sqrt = np.sqrt
FORMULAS = [
    (3, lambda a, b, c: sqrt(square(a * cosh(b)) + c * c)),
    (2, lambda a, b: a * cosh(b)),
    (2, lambda a, b: a * sinh(b)),
    (2, lambda a, b: a * sin_cos(b)[1]),
    (2, lambda a, b: a * sin_cos(b)[0]),
    (2, lambda a, b: sqrt(a * a + b * b)),
    (3, lambda a, b, c: sqrt(a * a + b * b + c * c)),
    (2, lambda a, b: a * b),
    (2, lambda a, b: a / b),
    (2, lambda a, b: sqrt(pos(a * a - b * b))),
    (1, lambda a: a * a),
    (1, lambda a: sqrt(pos(a))),
    (2, angle),
    (3, eta),
    (3, lambda a, b, c: sqrt(pos(a * a - b * b - c * c))),
    (2, lambda a, b: a / (a + b)),
    (3, lambda a, b, c: sqrt(pos(c * c - square(a * cosh(b))))),
    (1, exp),
    (1, ln),
    (1, lambda a: 1.0 / a),
    (4, lambda a, b, c, d: sqrt(a * a + b * b + c * c + d * d)),
]


def saturated(x):
    return max(-(2**63), min(2**63 - 1, x))


def wrapped(x):
    """As a signed integer of 64 bits."""
    return (x + 2**63 & 2**64 - 1) - 2**63


def quarters(d):
    v = min(d + 1, 2**64 - 1)
    k = v.bit_length() - 1
    return 4 * k + (v << 2 >> k & 3)


class Type:
    """Letter and width of a column: ordered integers and numbers."""

    def __init__(self, letter, width):
        self.letter, self.width, self.B = letter, width, 8 * width
        self.max, self.top = 2**self.B - 1, U64(1 << (self.B - 1))
        self.W = 64 if width == 8 else 32
        self.mask, self.HALF = U64(2**self.W - 1), U64(1 << (self.W - 1))

    def __eq__(self, other):
        return (self.letter, self.width) == (other.letter, other.width)

    def order(self, bits):
        if self.letter == "u":
            return bits
        if self.letter == "i":
            return bits ^ self.top
        return np.where(bits & self.top != 0, ~bits & U64(self.max), bits ^ self.top)

    def unorder(self, v):
        if self.letter != "f":
            return self.order(v)
        return np.where(v & self.top == 0, ~v & U64(self.max), v ^ self.top)

    def number(self, v):
        if self.letter == "f" and self.width > 2:
            x = self.unorder(v).astype(f"<u{self.width}").view(f"<f{self.width}").astype(float)
            huge, good = (7e38, np.isfinite(x)) if self.width == 4 else (1e150, np.abs(x) < 1e150)
            return np.where(good, x, np.where(v & self.top != 0, huge, -huge))
        return v.astype(float) - 2.0 ** (self.B - 1) if self.letter == "i" else v.astype(float)

    def from_number(self, x):
        if self.letter == "f" and self.width > 2:
            return self.order(x.astype(f"<f{self.width}").view(f"<u{self.width}").astype(U64))
        x = x + 2.0 ** (self.B - 1) if self.letter == "i" else x
        return np.minimum(to_u64(x), U64(self.max))
