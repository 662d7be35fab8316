"""The second prediction of the adaptive stage: a sum of neighbours whose weights follow the data."""
from math import isfinite

import numpy as np

from arithmetic import U64, quarters, to_u64, wrapped


def at_least(least, x):
    return x if x > least else least


class Second:
    def __init__(self, column, in_words, frame, n):
        self.column, self.in_words = column, in_words
        g, p = frame.group, frame.plane
        if g <= 2:
            self.neighbours = [1, 2, 3, 4, 5, 6, 7, 8]
        elif not p:
            self.neighbours = [1, 2, g, g + 1, g - 1, 2 * g, 2 * g + 1, g + 2]
        else:
            self.neighbours = [1, g, g + 1, p, p + 1, p + g, p + g + 1, 2 * p]
        near, above = frame.sums()
        self.terms = near + [(above[0][0], 2)]
        self.w, self.P = [0.5, 0.5] + [0.0] * 7, np.eye(9) * 10.0
        self.sum = self.count = self.usual = 0.0
        self.v, self.errors = [], []

    def guesses(self, r, p):
        """Residuals and scales that the first and the second prediction lead to."""
        self.unit = max(self.sum / self.count, 1e-30) if self.count else 1e-30
        before = self.v[-1] if r else 0.0
        self.x = [(self.v[r - d] if r >= d else before) / self.unit for d in self.neighbours] + [0.01]
        self.s = 0.0
        for w, x in zip(self.w, self.x):
            self.s += w * x
        total = self.s * self.unit
        if self.in_words:
            word = int(to_u64(np.array([total + 0.5]))[0] & self.column.type.mask)
        else:
            word = int(self.column.word_of_number(np.array([total]))[0])
        self.m = wrapped(word - p)
        sums = [sum(times * (self.errors[r - d][i] if r >= d else 40) for d, times in self.terms) for i in (0, 1)]
        return [(0, sums[0] + 4 >> 3), (self.m, sums[1] + 4 >> 3)]

    def learn(self, r, p, word, absent):
        if absent:
            self.v.append(self.v[-1] if r else 0.0)
            self.errors.append(self.errors[-1] if r else (40, 40))
            return
        away = wrapped(word - p)
        self.errors.append((quarters(abs(away)), quarters(abs(wrapped(away - self.m)))))
        if self.in_words:
            v = float(word)
        else:
            column = self.column
            v = float(column.type.number(column.value_of(np.array([word], dtype=U64)))[0])
            v = v if abs(v) < 1e30 else 0.0
        self.v.append(v)
        e, first = v / self.unit - self.s, self.count == 0
        self.sum, self.count = self.sum + abs(v), self.count + 1
        if self.count > 4096:
            self.sum, self.count = self.sum / 2, self.count / 2
        if not first:
            self.follow(e)

    def follow(self, e):
        x, d = self.x, abs(e)
        if self.usual == 0:
            self.usual = at_least(1e-9, d)
        self.usual = at_least(1e-12, self.usual * 1.02 if d > self.usual else self.usual / 1.02)
        share = d / self.usual + 0.2
        c = 1.0 / (share if share < 1e4 else 1e4)
        g = self.P[0] * x[0]
        for j in range(1, 9):
            g = g + self.P[j] * x[j]
        z = 0.998 / c
        for i in range(9):
            z += x[i] * float(g[i])
        if not z > 1e-30:
            return
        pull = e / z
        self.w = [w + float(g[i]) * pull for i, w in enumerate(self.w)]
        self.P = (self.P - np.outer(g, g) * (1.0 / z)) * (1.0 / 0.998)
        trace = 0.0
        for i in range(9):
            trace += float(self.P[i, i])
        if not (trace < 1e9 and all(map(isfinite, self.w))):
            self.P = np.eye(9)
            self.w = [w if isfinite(w) else 0.0 for w in self.w]
