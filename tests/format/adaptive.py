"""The adaptive stage: tokens of a column, and the upper bits of their offsets, by probabilities that learn as they go."""
from bisect import bisect_right
from math import log2, sqrt

import numpy as np

from arithmetic import U64, exp, ln, quarters, round_, saturated, wrapped
from second import Second

M32 = 2**32 - 1
_q = (np.arange(4096) + 0.5) / 4096
STRETCH = [int(x) for x in round_(256.0 * ln(_q / (1.0 - _q)))]
SQUASH = [int(p) for p in np.clip(65536.0 / (1.0 + exp(-np.arange(-3071, 3072) / 256.0)), 16, 65520)]
RATE = [int(65536.0 * max(0.02 / sqrt(1.0 + count * 0.02), 0.002)) for count in range(1024)]
STEP = [int(max(65536.0 / (count + 1.5), 65536.0 / 400.0)) for count in range(401)]


def coded(code, cells, state, rates, steps):
    """A decision by cells (probabilities, counts, place), from which all learn; `state`: weights and their count."""
    weights, count = state
    places = [STRETCH[p[at] >> 10] for p, _, at in cells]
    x = sum(w * place for w, place in zip(weights, places)) >> 16
    p1 = SQUASH[max(-3071, min(3071, x)) + 3071]
    bit = code.bit(p1)
    push = (65536 * bit - p1) * rates[count]
    for i, place in enumerate(places):
        weights[i] = max(-(2**20), min(2**20, weights[i] + (push * place >> 24)))
    state[1] = min(1023, count + 1)
    target = 4194303 * bit
    for p, counts, at in cells:
        count = counts[at]
        p[at] += (target - p[at]) * steps[count] >> 16
        counts[at] = min(400, count + 1)
    return bit


class Node:
    """A decision of the tree; a child that is no node is a token."""

    def __init__(self, tree, i, j):
        sums, starts = tree.sums, tree.starts
        m = min(range(i + 1, j), key=lambda m: abs(2 * sums[m] - sums[i] - sums[j]))
        self.middle, self.lengths = starts[m], (starts[m] - starts[i], starts[j] - starts[m])
        self.children = [tree.order[a] if b - a == 1 else Node(tree, a, b) for a, b in ((i, m), (m, j))]


class Tree:
    def __init__(self, plan):
        half, W = 1 << (plan.type.W - 1), plan.type.W
        self.bins = [(start, 0) for start in plan.exact] + plan.intervals
        self.order = sorted(range(len(self.bins)), key=lambda token: self.bins[token])
        self.starts = [self.bins[token][0] - half for token in self.order]
        end = saturated(self.starts[-1] + (1 << min(self.bins[self.order[-1]][1], 62))) if self.bins else 0
        self.order.append(len(self.bins) + plan.copies)
        self.bin_starts = list(self.starts)
        self.starts += [end, saturated(end + (1 << (W - 2)))]
        self.sums = [0]
        for token in self.order:
            self.sums.append(self.sums[-1] + (1 << plan.classes[token]))
        self.blocks = 0
        self.root = self.order[0]
        if len(self.order) > 1:
            self.root = Node(self, 0, len(self.order))
            self.number(self.root)

    def number(self, node):
        kind, level = 16 * self.blocks, [node]
        self.blocks += 1
        for _ in range(4):
            for node in level:
                node.kind, kind = kind, kind + 1
            level = [child for node in level for child in node.children if isinstance(child, Node)]
        for node in level:
            self.number(node)


def ranks(values, m):
    """Cuts of the number's own making, of the values of a column."""
    some = sorted(int(v) for v in values[:: max(1, len(values) // 1024)])
    differ = sorted(set(some))
    if len(differ) > m:
        differ = sorted({some[0]} | {some[i * len(some) // m] for i in range(1, m)})
    return differ[1:][:31]


class Adaptive:
    """The coding of one column."""

    def __init__(self, frame, plan, left, n, predicted, column):
        self.frame, self.plan, self.code, self.W = frame, plan, frame.code, plan.type.W
        self.tree = Tree(plan)
        self.tokens = []
        self.half = 1 << (self.W - 1)
        self.magnitudes = frame.magnitudes(plan)
        bins, copy = self.tree.bins, len(self.tree.bins)
        self.copy, self.exception = copy, copy + plan.copies
        self.signs = [int(start >= self.half) for start, _ in bins] + [0] * (plan.copies + 1)
        self.lengths = [length for _, length in bins]
        self.offset_kinds = 16 * self.tree.blocks
        self.deep_kinds = self.offset_kinds + -(-4 * (copy + plan.copies + 1) // 16) * 16
        h = min(20, max(10, n.bit_length() - 1 + 5))
        self.shift, self.p, self.count = 36 - h, [2**21] * 2**h, [0] * 2**h
        self.near, self.above = frame.sums()
        self.second = Second(column, plan.second == 2, frame, n) if plan.second else None
        self.input_n = len(plan.looks) + (2 if self.second else 0)
        self.guess_p, self.guess_count = [2**21] * 8192, [0] * 8192
        self.weights = {}
        self.base, self.own = [], []
        for looks in plan.looks:
            c = np.zeros(n, U64)
            fixed = [look for look in looks if look[0] == 0 and look[1] < 5]
            for _, source, of, (by, how) in fixed:
                values = frame.values(source, of, left, n, predicted).astype(U64)
                if by == 0:
                    level = values >> U64(how)
                else:
                    level = np.searchsorted(np.array(how if by == 1 else ranks(values, how), dtype=U64), values, side="right").astype(U64)
                c = (c + level + U64(1)) * U64(0x9E3779B1) & U64(M32)
            self.base.append(c.tolist())
            self.own.append(looks[len(fixed) :])

    def value(self, look, r, p):
        kind, source, of, _ = look
        tokens = self.tokens
        if kind == 0 and source == 5:
            return tokens[r - of] if r >= of else 256
        if kind == 0:
            return sum(times * self.magnitudes[tokens[r - d]] for d, times in (self.near if source == 6 else self.above) if r >= d)
        if kind in (1, 2):
            return (self.magnitudes if kind == 1 else self.signs)[tokens[r - of]] if r >= of else 256
        if kind == 3:
            return p >> (self.W - 12)
        if kind == 4:
            return max(0, bisect_right(self.tree.bin_starts, self.guesses[1][0]) - 1)
        return self.guesses[1 if kind == 5 else 0][1]

    def decide(self, kind, middle=None, lengths=None):
        block = (kind >> 4) * 0x85EBCA6B & M32
        cells = []
        for i, c in enumerate(self.numbers):
            q = ((c + i & M32 ^ block) * 0xC2B2AE35 & M32) >> self.shift
            cells.append((self.p, self.count, 16 * q + (kind & 15)))
        if self.second and middle is not None:
            for i, (guess, scale) in enumerate(self.guesses):
                q = min(31, max(0, quarters(abs(saturated(middle - guess))) - scale + 12))
                a = 31 - q if middle < guess else 32 + q
                fl, fr = (min(7, max(0, quarters(length) - scale + 12 >> 2)) for length in lengths)
                cells.append((self.guess_p, self.guess_count, 4096 * i + 64 * a + 8 * fl + fr))
        state = self.weights.get(kind)
        if state is None:
            state = self.weights[kind] = [[62259 // self.input_n] * self.input_n, 0]
        return coded(self.code, cells, state, RATE, STEP)

    def row(self, r, p):
        """Token and residual of a row with this predicted word."""
        if self.second:
            self.guesses = self.second.guesses(r, p)
        self.numbers = []
        for base, looks in zip(self.base, self.own):
            c = base[r]
            for look in looks:
                value, (by, how) = self.value(look, r, p), look[3]
                c = (c + (value >> how if by == 0 else bisect_right(how, value)) + 1) * 0x9E3779B1 & M32
            self.numbers.append(c)
        token, residual = self.copy, 0
        if self.plan.copy[0] and self.decide(15):
            while token < self.exception - 1 and self.decide(self.deep_kinds + 16 + token - self.copy):
                token += 1
        else:
            token = self.tree.root
            while isinstance(token, Node):
                token = token.children[self.decide(token.kind, token.middle, token.lengths)]
            if token == self.exception:
                residual = self.frame.offset(self.plan.type.B)
            else:
                residual = self.offset(token)
        self.tokens.append(token)
        return token, residual

    def offset(self, token):
        """The word of a bin's offset."""
        start, length = self.tree.bins[token]
        if self.second:
            k = min(12, max(0, length - (min(scale for _, scale in self.guesses) + 2) // 4))
        else:
            k = min(length, self.plan.offset_bits)
        first, middle = 0, start - self.half
        for i in range(k):
            if i < 2:
                kind = self.offset_kinds + 4 * token + (i and 1 + first)
            else:
                kind = self.deep_kinds + i
            left = length - i - 1
            half = 1 << min(left, 62)
            bit = self.decide(kind, wrapped(middle + half), (half, half))
            middle = wrapped(middle + half) if bit else middle
            start += bit << left
            first = first if i else bit
        return start + self.frame.offset(length - k)

    def learn(self, r, p, word, absent):
        if self.second:
            self.second.learn(r, p, word, absent)
