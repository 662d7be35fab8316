"""Words that are spelt out: the bits of a value, each by what followed in six contexts."""
from math import sqrt

import numpy as np

from adaptive import coded
from arithmetic import U64

M32, M64 = 2**32 - 1, 2**64 - 1
RATE = [int(65536.0 * max(0.03 / sqrt(1.0 + count * 0.02), 0.006)) for count in range(1024)]
STEP = [int(max(65536.0 / (count + 1.5), 65536.0 / 30.0)) for count in range(401)]


def slot(u):
    return (u * 0x9E3779B97F4A7C15 & M64) >> 50


def zeros(u, most):
    return min(most, (u & -u).bit_length() - 1) if u else most


def cells(n):
    """Probabilities and counts."""
    return [2**21] * n, [0] * n


class Speller:
    """The coding of one column."""

    def __init__(self, frame, plan, n):
        self.code, self.type, self.B = frame.code, plan.type, plan.type.B
        size = n.bit_length() - 1
        self.s, self.y = min(18, max(8, size + 4)), min(16, max(10, size + 6))
        self.blocks, self.by_zeros, self.foretold, self.weights, self.slots = {}, {}, {}, {}, {}
        self.met, self.before, self.tokens = 0, (0, 0, 0), []

    def block(self, v, a, key, i):
        h = (((16 * v + a // 4) * 0x9E3779B97F4A7C15 & M64 ^ key) + i) * 0xD6E8FEB86659FD93 & M64
        h = (h ^ h >> 32) * 0xBF58476D1CE4E5B9 & M64
        at, tag = h >> 64 - self.s, h & M32 | 1
        if self.blocks.get(at, (0,))[0] != tag:
            self.blocks[at] = tag, *cells(15)
        return at

    def row(self, r, p):
        """The exception's token, and the value in order."""
        B, (u1, u2, u3) = self.B, self.before
        keys = 0, u1 >> B - min(10, B), u2
        last = zeros(u1, B)
        least = min(last, zeros(u2, B), zeros(u3, B))
        foretold = self.slots.get(slot(u1), 0)
        v = 0
        for a in range(B):
            if a % 4 == 0:
                ats, node = [self.block(v, a, key, i) for i, key in enumerate(keys)], 0
            ahead = foretold >> B - 1 - a
            f = 1 + (ahead & 1) if ahead >> 1 == v else 0
            seen = [(*self.blocks[at][1:], node) for at in ats]
            trusted = sum((counts[node] > 2) << i for i, (_, counts, _) in enumerate(seen))
            seen.append((*self.foretold.setdefault((f, self.met, a), cells(1)), 0))
            for k in (v % 256 | a << 8 | last << 14, zeros(v, a) | a << 7 | least << 13 | 1 << 21):
                seen.append((*self.by_zeros.setdefault((k * 0x9E3779B1 & M32) >> 32 - self.y, cells(1)), 0))
            state = self.weights.setdefault((a, trusted), [[19660] * 6, 0])
            bit = coded(self.code, seen, state, RATE, STEP)
            v, node = 2 * v + bit, 2 * node + 1 + bit
        self.met = min(15, self.met + 1) if v == foretold else 0
        self.slots[slot(u1)] = v
        self.before = v, u1, u2
        self.tokens.append(1)
        return 1, int(self.type.order(np.array([v], dtype=U64))[0])

    def learn(self, r, p, word, absent):
        pass
