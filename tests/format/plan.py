"""Plans and tables: the section *Side information*."""
import struct

import numpy as np

from arithmetic import FORMULAS, need


class RangeDecoder:
    """Bits with probabilities."""

    def __init__(self, data):
        self.data, self.at, self.low, self.high, self.code = data, 0, 0, 2**64 - 1, 0
        for _ in range(8):
            self.shift()

    def shift(self):
        self.code = (self.code << 8 | (self.data[self.at] if self.at < len(self.data) else 0)) & (2**64 - 1)
        self.at += 1

    def bit(self, p1=32768):
        mid = self.low + ((self.high - self.low) >> 16) * p1
        bit = int(self.code <= mid)
        if bit:
            self.high = mid
        else:
            self.low = mid + 1
        while (self.low ^ self.high) >> 56 == 0:
            self.low = self.low << 8 & (2**64 - 1)
            self.high = (self.high << 8 | 255) & (2**64 - 1)
            self.shift()
        return bit


class Side(RangeDecoder):
    """Flags, raw bits and numbers."""

    def __init__(self, data):
        super().__init__(data)
        self.p = {}

    def learn(self, *key):
        p = self.p.get(key, 32768)
        bit = self.bit(p)
        self.p[key] = p + ((65535 - p) >> 4) if bit else p - (p >> 4)
        return bit

    def raw(self, n):
        value = 0
        for _ in range(n):
            value = value << 1 | self.bit()
        return value

    def flag(self, topic="flag"):
        return self.learn(topic, "flag")

    def number(self, topic, most=2**64 - 1, case=0):
        node = 1
        for _ in range(7):
            node = 2 * node + self.learn(topic, case, "node", node)
        k = min(node - 128, 64)
        value = int(k > 0)
        for place in range(k - 1):
            if place == 0:
                bit = self.learn(topic, case, "first", k)
            elif place == 1:
                bit = self.learn(topic, case, "second", k, value & 1)
            else:
                bit = self.bit()
            value = value << 1 | bit
        need(value <= most, f"number of {topic}")
        return value

    def signed(self, topic, case=0):
        value = self.number(topic, case=case)
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def column(self, c):
        need(c > 0, "a column to the left of the first")
        return c - 1 - self.number("column", c - 1)

    def distance(self):
        return self.number("distance", 2**28) + 1

    def weight(self):
        weight = struct.unpack("<d", struct.pack("<Q", self.raw(48) << 16))[0]
        need(abs(weight) < float("inf"), "weight")
        return weight


class Plan:
    """What is known of a column."""

    def __init__(self, side, type_, c, before, adaptive):
        self.type = type_
        if before and side.flag():
            self.__dict__.update(before.__dict__)
        elif before and side.flag():
            self.__dict__.update(before.__dict__)
            self.frequencies = [self.amended(side, old) for old in before.frequencies]
        else:
            self.full(side, c, adaptive)

    def full(self, side, c, adaptive):
        W, B = self.type.W, self.type.B
        kind = side.number("kind", 2)
        self.transform = kind, side.number("kind", (B - 1, 15, 16)[kind])
        need(self.transform != (2, 0), "digits")
        kind = side.number("kind", 7)
        self.prediction = kind, self.predictor(side, kind, c)
        kind = side.number("kind", 7)
        if kind == 1:
            self.copy = kind, side.raw(W)
        elif kind == 7:
            self.copy = kind, [side.distance() for _ in range(side.number("count", 6) + 2)]
        else:
            self.copy = kind, self.predictor(side, {0: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 3}[kind], c)
        self.copies = len(self.copy[1]) if kind == 7 else 1
        exact_n = side.number("count", 255 - self.copies)
        interval_n = side.number("count", 255 - self.copies - exact_n)
        self.exact, self.intervals, end, length = [], [], 0, 0
        for _ in range(exact_n):
            self.exact.append(end + side.number("exact"))
            end = self.exact[-1] + 1
            need(end <= 2**W, "an exact bin")
        end = 0
        for _ in range(interval_n):
            length = side.number("interval-bits", W, length)
            start = (-(-end >> length) + side.number("interval")) << length
            end = start + (1 << length)
            need(end <= 2**W, "an interval")
            self.intervals.append((start, length))
        self.looks, self.contexts, self.frequencies, self.spelt = [], [], [], False
        if adaptive and side.flag():
            self.adaptive(side, c, exact_n + interval_n + self.copies + 1)
        else:
            self.static(side, c, exact_n + interval_n + self.copies + 1)

    def static(self, side, c, token_n):
        self.combinations = 1
        for _ in range(side.number("count", 3)):
            source, of = self.source(side, c)
            cuts = self.cuts(side)
            need(not (self.contexts and self.contexts[-1][0] >= 5 and source < 5), "order of contexts")
            self.contexts.append((source, of, cuts))
            self.combinations *= len(cuts) + 1
        need(self.combinations <= 4096, "contexts")
        n = side.number("count", 32)
        need(n, "distributions")
        for at in range(n):
            frequencies = []
            for token in range(token_n):
                if at == 0:
                    case = frequencies[-1].bit_length() // 3 if frequencies else 0
                    frequencies.append(side.number("first", 2048, case))
                else:
                    case = self.frequencies[-1][token].bit_length()
                    frequencies.append(side.number("frequency", 2048, case))
            need(sum(frequencies) == 2048, "sum of frequencies")
            self.frequencies.append(frequencies)
        self.map, last = [0] * self.combinations, 0
        for at in range(self.combinations if n > 1 else 0):
            last = last if side.flag("map") else side.number("map", n - 1)
            self.map[at] = last

    def adaptive(self, side, c, token_n):
        self.second = side.number("kind", 3)
        self.spelt = self.second == 3
        if self.spelt:
            bare = self.transform == (0, 0) and self.prediction[0] == 0 and not self.copy[0]
            need(bare and token_n == 2, "words that are spelt out, and more")
            return
        self.offset_bits = side.number("count", 2)
        for _ in range(side.number("count", 3) + 1):
            looks, own = [], False
            for _ in range(side.number("count", 4)):
                kind, source, of = side.number("look", 6), None, None
                if kind == 0:
                    source, of = self.source(side, c)
                elif kind < 3:
                    of = side.distance()
                need(kind < 3 or self.second, "a look at a second prediction")
                of_own = kind > 0 or source >= 5
                need(of_own or not own, "order of looks")
                own = of_own
                by = side.number("by", 2)
                if by == 2:
                    need(kind == 0 and source in (1, 3), "ranks")
                    how = side.number("by", 32)
                    need(how >= 2, "ranks")
                else:
                    how = self.cuts(side) if by else side.number("shift", 63)
                looks.append((kind, source, of, (by, how)))
            self.looks.append(looks)
        self.classes = []
        for _ in range(token_n):
            self.classes.append(side.number("class", 31, self.classes[-1] // 4 if self.classes else 0))

    @staticmethod
    def source(side, c):
        source = side.number("kind", 7)
        return source, side.column(c) if source < 3 else side.distance() if source == 5 else None

    @staticmethod
    def cuts(side):
        n = side.number("cut", 31)
        return steps(side, n, "cut-step")[0] if n else []

    def predictor(self, side, kind, c):
        if kind == 1:
            return side.distance()
        if kind == 2:
            formula = side.number("kind", 20)
            return formula, [side.column(c) for _ in range(FORMULAS[formula][0])]
        if kind in (3, 4):
            return side.column(c)
        if kind == 5:
            n = side.number("count", 15)
            columns = [side.column(c) for _ in range(n)]
            return columns, [side.weight() for _ in range(n + 1)]
        if kind == 6:
            column, n = side.column(c), side.number("count", 63)
            need(n, "knots")
            heights = []
            xs, shift = steps(side, n, "knot", heights)
            ys = np.cumsum(np.array(heights, dtype=object)) * 2**shift
            need(all(0 <= y < 2**64 for y in ys), "knots")
            return column, xs, list(ys)
        if kind == 7:
            words, row, constant = side.flag(), side.distance(), side.weight()
            return words, row, constant, [(side.distance(), side.weight()) for _ in range(side.number("count", 32))]

    def amended(self, side, old):
        if side.flag():
            return old
        new = [f + side.signed("amended", f.bit_length()) for f in old]
        need(min(new) >= 0 and sum(new) == 2048, "frequencies")
        return new

    def uses(self, token):
        return any(f[token] for f in self.frequencies)


def steps(side, n, topic, heights=None):
    """Rising numbers, counted in a power of two, and its logarithm; behind each, if there is room for them, a height."""
    shift, at, out = side.number("shift", 63), 0, []
    for place in range(n):
        by = side.number(topic)
        if heights is not None:
            heights.append(side.signed(topic))
        need(by or not place, "steps")
        at += by
        need(at << shift < 2**64, "steps")
        out.append(at << shift)
    return out, shift
