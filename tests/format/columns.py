"""Words, predictions and copies: the sections *Words* and *Columns*."""
from math import ceil

import numpy as np

from adaptive import Adaptive
from arithmetic import FORMULAS, ONE, TEN, U64, need, round_, to_u64
from spell import Speller


class Column:
    """A column of a frame while it is decoded, and for those to its right."""

    def __init__(self, plan):
        self.plan, self.type = plan, plan.type
        self.exceptions = {}

    def value_of(self, words):
        kind, s = self.plan.transform
        t = self.type
        if kind == 0:
            values = words << U64(s) & U64(t.max)
            negative = (values & t.top == 0) if t.letter == "f" else False
            return np.where(negative, values | U64((1 << s) - 1), values)
        i = (words - t.HALF).astype(f"<u{t.W // 8}").view(f"<i{t.W // 8}").astype(np.int64)
        if kind == 1:
            return t.from_number(i.astype(float) / TEN[s])
        u = 10 ** (s - 1)
        j = np.abs(i).astype(U64) - ONE
        m = (j % U64(9 * u) + U64(u)).astype(float)
        places = s - 1 - (np.minimum(j // U64(9 * u), U64(27)).astype(int) - 12)
        ten = np.array(TEN)[np.minimum(np.abs(places), 22)]
        x = np.where(places >= 0, m / ten, m * ten)
        return t.from_number(np.where(i == 0, 0.0, np.where(i < 0, -x, x)))

    def index(self, x):
        """Indices, and where there are none."""
        kind, s = self.plan.transform
        most = 1e9 if self.type.W == 32 else 4e18
        if kind == 1:
            index = round_(x * TEN[s])
            good = np.abs(index) < most
            return np.where(good, index, 0).astype(np.int64), good
        a, u = np.abs(x), 10 ** (s - 1)
        inside = (a >= 1e-12) & (a < 1e12)
        e = np.full(x.shape, -12)
        for k in range(-11, 16):
            e = np.where(a >= TEN[k] if k >= 0 else a * TEN[-k] >= 1.0, k, e)
        places = s - 1 - e
        ten = np.array(TEN)[np.minimum(np.abs(places), 22)]
        m = round_(np.where(places >= 0, a * ten, a / ten))
        over = m >= u * 10.0
        m, e = np.where(over, float(u), m), e + over
        index = (e + 12) * (9 * u) + (np.where(inside, m, 0.0).astype(np.int64) - u) + 1
        good = inside & (np.abs(index).astype(float) < most)
        index = np.where(x == 0, 0, np.where(x < 0, -index, index))
        return np.where(good, index, 0), good | (x == 0)

    def word_of_value(self, values):
        """Words, and where there are none."""
        if self.plan.transform[0] == 0:
            words, good = values >> U64(self.plan.transform[1]), True
        else:
            index, good = self.index(self.type.number(values))
            words = self.type.HALF + index.astype(U64) & self.type.mask
        return words, good & (self.value_of(words) == values)

    def word_of_number(self, x):
        x = np.where(np.isnan(x), 0.0, x)
        if self.plan.transform[0] == 0:
            return self.type.from_number(x) >> U64(self.plan.transform[1])
        index, good = self.index(x)
        return self.type.HALF + np.where(good, index, 0).astype(U64) & self.type.mask

    def finish(self, words):
        self.words = words
        self.values = self.value_of(words)
        for row, value in self.exceptions.items():
            self.values[row] = value
        self.numbers = self.type.number(self.values)

    def candidates(self, kind, of, left, n):
        """Predicted words of kinds 2 to 6."""
        t = self.type
        if kind == 2:
            formula, columns = of
            return self.word_of_number(FORMULAS[formula][1](*(left[j].numbers for j in columns)))
        if kind == 5:
            columns, weights = of
            total = np.full(n, weights[0])
            for j, weight in zip(columns, weights[1:]):
                x = left[j].numbers
                total = total + weight * np.where(np.abs(x) < 1e12, x, 0.0)
            return self.word_of_number(total)
        if kind == 6:
            j, xs, ys = of
            w = left[j].words
            k = np.searchsorted(np.array(xs, dtype=U64), w, side="right")
            x, y = np.array([0.0] + [float(x) for x in xs]), np.array([float(ys[0])] + [float(y) for y in ys])
            slope = np.concatenate([[0.0], (y[2:] - y[1:-1]) / (x[2:] - x[1:-1]), [0.0]])
            return to_u64(y[k] + (w.astype(float) - x[k]) * slope[k]) & t.mask
        other = left[of]
        same, plain = other.type == t, self.plan.transform == other.plan.transform == (0, 0)
        if kind == 4:
            if same and plain and t.B == t.W:
                return np.maximum(other.words, t.mask - other.words)
            return self.word_of_number(np.abs(other.numbers))
        if same and (plain or (self.plan.transform == other.plan.transform and not other.exceptions)):
            return other.words
        if same and self.plan.transform[0] == 0:
            return other.values >> U64(self.plan.transform[1])
        return self.word_of_number(other.numbers)

    def decode(self, frame, left, n):
        plan, t = self.plan, self.type
        kind, of = plan.prediction
        predicted = self.candidates(kind, of, left, n) if 2 <= kind <= 6 else None
        adaptive = Speller(frame, plan, n) if plan.spelt else Adaptive(frame, plan, left, n, predicted, self) if plan.looks else None
        self.tokens = adaptive.tokens if adaptive else frame.tokens(plan, left, n, predicted)
        exact_n = len(plan.exact)
        copy = exact_n + len(plan.intervals)
        if not adaptive:
            first = np.array(plan.exact + [start for start, _ in plan.intervals] + [0] * (plan.copies + 1), dtype=U64)
            bits = np.array([0] * exact_n + [length for _, length in plan.intervals] + [0] * plan.copies + [t.B])
            residuals = [int(r) for r in first[self.tokens] + frame.offsets(bits[self.tokens])]
        mask, half = int(t.mask), int(t.HALF)
        copy_kind, copy_of = plan.copy
        candidates = None
        if 3 <= copy_kind <= 5:
            candidates = [int(w) for w in self.candidates(copy_kind - 1, copy_of, left, n)]
        seen, keys = {}, left[copy_of].words if copy_kind == 6 else None
        predicted = [int(w) for w in predicted] if predicted is not None else None
        stencil = Stencil(self, of, n) if kind == 7 else None
        out = []
        for r in range(n):
            p = half
            if kind == 1:
                p = out[r - of] if r >= of else half
            elif kind == 7:
                p = stencil.predicted(r)
            elif kind:
                p = predicted[r]
            slot = (int(keys[r]) * 0x9E3779B97F4A7C15 & 2**64 - 1) >> 50 if copy_kind == 6 else 0
            token, residual = adaptive.row(r, p) if adaptive else (self.tokens[r], residuals[r])
            if token == copy + plan.copies:
                words, good = self.word_of_value(np.array([residual], dtype=U64))
                word = int(words[0])
                if not np.all(good):
                    word = out[-1] if out else half
                    self.exceptions[r] = U64(residual)
            elif token >= copy:
                need(copy_kind, "a copy where there is none")
                if copy_kind == 1:
                    word = copy_of
                elif copy_kind == 2:
                    word = out[r - copy_of] if r >= copy_of else half
                elif copy_kind == 7:
                    distance = copy_of[token - copy]
                    word = out[r - distance] if r >= distance else half
                elif copy_kind == 6:
                    word = seen.get(slot, 0)
                else:
                    word = candidates[r]
            else:
                word = residual + p - half & mask
            seen[slot] = word
            out.append(word)
            absent = copy_kind == 1 and word == copy_of
            if stencil:
                stencil.place(r, word, absent)
            if adaptive:
                adaptive.learn(r, p, word, absent)
        self.tokens = np.array(self.tokens, dtype=int)
        self.finish(np.array(out, dtype=U64))


class Stencil:
    """Sums over rows above."""

    def __init__(self, column, of, n):
        self.column = column
        self.in_words, self.q, self.constant, terms = of
        self.far = [term for term in terms if term[0] >= 4]
        self.near = [term for term in terms if term[0] < 4]
        self.edge = ceil(max([d for d, _ in terms], default=1) / self.q) * self.q
        self.v = [0.0] * n

    def predicted(self, r):
        start = r - r % self.q
        if start < self.edge:
            total = self.v[r - 1] if r else 0.0
        else:
            total = self.constant
            for d, weight in self.far:
                total += weight * self.v[r - d if r - d < start else start - 1]
            for d, weight in self.near:
                total += weight * self.v[r - d]
        self.total = total
        if self.in_words:
            return int(to_u64(np.array([total + 0.5]))[0] & self.column.type.mask)
        return int(self.column.word_of_number(np.array([total]))[0])

    def place(self, r, word, absent):
        if absent:
            x, most = self.total, 1e30
        elif self.in_words:
            x, most = float(word), float("inf")
        else:
            x, most = float(self.column.type.number(self.column.value_of(np.array([word], dtype=U64)))[0]), 1e30
        self.v[r] = x if abs(x) < most else 0.0
