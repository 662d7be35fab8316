"""A frame of tokens: the sections *Payload of frames of tokens* and *Contexts and tokens*."""
import hashlib

import numpy as np

from arithmetic import L2E, ONE, U64, Bytes, ln, need, round_
from columns import Column
from plain import Layout
from plan import Plan, RangeDecoder, Side


class TokenFrame:
    """Words and offsets of a frame, read by its columns one after another."""

    def __init__(self, words, code, offsets, group, plane, first):
        self.group, self.plane, self.first = group, plane, first
        need(len(words) % 2 == 0, "words")
        self.words = [int(w) for w in np.frombuffer(words, "<u2")]
        self.at = 8 if words else 0
        need(not words or len(self.words) >= 8, "words")
        self.x = [self.words[2 * i] << 16 | self.words[2 * i + 1] for i in range(4)] if words else [1 << 16] * 4
        self.bytes, self.bit = np.frombuffer(offsets + bytes(16), np.uint8).astype(U64), 0
        self.bit_n, self.whole = 8 * len(offsets), offsets
        self.code = RangeDecoder(code)

    def offset(self, n):
        """The next offset of `n` bits."""
        self.bit += n
        need(self.bit <= self.bit_n, "offsets")
        at = self.bit - n
        return int.from_bytes(self.whole[at >> 3 : self.bit + 7 >> 3], "little") >> (at & 7) & (1 << n) - 1

    def offsets(self, bits):
        ends = self.bit + np.cumsum(bits)
        at = (ends - bits).astype(U64)
        self.bit = int(ends[-1]) if len(ends) else self.bit
        need(self.bit <= self.bit_n, "offsets")
        byte, shift = (at >> U64(3)).astype(int), at & U64(7)
        value = np.zeros(len(bits), U64)
        for i in range(8):
            value |= self.bytes[byte + i] << U64(8 * i)
        value = value >> shift | np.where(shift > 0, self.bytes[byte + 8] << ((U64(64) - shift) & U64(63)), U64(0))
        return value & np.where(bits == 64, U64(2**64 - 1), (ONE << (bits & 63).astype(U64)) - ONE)

    def finish(self):
        need(self.x == [1 << 16] * 4 and self.at == len(self.words), "words")
        need(self.bit_n - self.bit < 8, "offsets")
        need(self.bit % 8 == 0 or int(self.bytes[self.bit >> 3]) >> (self.bit & 7) == 0, "offsets")

    def levels(self, context, left, n, predicted):
        source, of, cuts = context
        return np.searchsorted(np.array(cuts, dtype=U64), self.values(source, of, left, n, predicted), side="right")

    def values(self, source, of, left, n, predicted):
        """Values of the sources 0 to 4."""
        if source == 0:
            values = left[of].tokens
        elif source == 1:
            values = left[of].words
        elif source == 2:
            words = left[of].words
            values = np.concatenate([[0], words[1:] == words[:-1]])[:n]
        elif source == 3:
            need(predicted is not None, "a context of a prediction")
            values = predicted
        else:
            values = (self.first + np.arange(n)) % max(self.group, 1)
        return values.astype(U64)

    def sums(self):
        g, p = self.group, self.plane
        if g <= 2:
            return [(1, 2), (2, 2), (3, 1), (4, 1)], [(5, 2), (6, 1), (7, 1), (8, 1), (9, 1)]
        near = [(1, 2), (g, 2), (g + 1, 1), (g - 1, 1)]
        if p == 0:
            return near, [(2 * g, 2), (2, 1), (3, 1), (g + 2, 1), (g - 2, 1)]
        return near, [(p, 2), (p + 1, 1), (p - 1, 1), (p + g, 1), (p - g, 1)]

    def tokens(self, plan, left, n, predicted):
        only = plan.frequencies[0].index(2048) if len(plan.frequencies) == 1 and 2048 in plan.frequencies[0] else None
        if only is not None:
            return np.full(n, only)
        own = [c for c in plan.contexts if c[0] >= 5]
        need([c[0] for c in own] == [5] or (len(own) < 3 and all(c[0] > 5 for c in own)), "contexts")
        base = np.zeros(n, int)
        for context in plan.contexts[: len(plan.contexts) - len(own)]:
            base = base * (len(context[2]) + 1) + self.levels(context, left, n, predicted)
        base = base.tolist()
        slots = []
        for frequencies in plan.frequencies:
            slots.append([(t, f, start) for t, f in enumerate(frequencies) for start in range(f)])
        magnitudes = self.magnitudes(plan) if own and own[0][0] > 5 else None
        near, above = self.sums()
        level = lambda cuts, value: sum(cut <= value for cut in cuts)
        length, tokens = -(-n // 4), [0] * n
        for step in range(length):
            for lane in range(4):
                r = lane * length + step
                if r >= n:
                    continue
                combination = base[r]
                for source, d, cuts in own:
                    if source == 5:
                        value = tokens[r - d] if step >= d else 0
                    else:
                        terms = near if source == 6 else above
                        value = sum(times * magnitudes[tokens[r - d]] for d, times in terms if step >= d)
                    combination = combination * (len(cuts) + 1) + level(cuts, value)
                x = self.x[lane]
                token, f, place = slots[plan.map[combination]][x & 2047]
                x = f * (x >> 11) + place
                if x < 1 << 16:
                    need(self.at < len(self.words), "words")
                    x = x << 16 | self.words[self.at]
                    self.at += 1
                self.x[lane], tokens[r] = x, token
        return np.array(tokens, dtype=int)

    @staticmethod
    def magnitudes(plan):
        W, half = plan.type.W, 1 << (plan.type.W - 1)
        centres = plan.exact + [start + ((1 << min(l, 63)) >> 1) for start, l in plan.intervals]
        far = np.array([float(abs(x - half)) + 1.0 for x in centres])
        return [int(m) for m in round_(2.0 * (ln(far) * L2E))] + [90 + i for i in range(plan.copies)] + [2 * W]


def read_side(layout, body_len, data, before, adaptive=False):
    side = Side(data)
    stored = side.flag()
    types = [t for t, _, _ in layout.columns]
    if stored:
        need(len(types) == 1 and len(layout.shape) == 2, "columns one after another")
        n, r = layout.shape
        need(2 <= n <= 256 and r >= 256 and n * r * types[0].width == body_len, "columns one after another")
        types = types * n
    before = before[1] if before and before[0] == stored else [None] * len(types)
    return stored, [Plan(side, t, c, old, adaptive) for c, (t, old) in enumerate(zip(types, before))]


def model_tables(file):
    """Layout and memory of a model of tables."""
    need(file[:4] == b"\xca\x7e\x4d\xde" and file[4] == 2, "not a model of tables")
    need(hashlib.sha256(file[:-32]).digest() == file[-32:], "hash of the model")
    cursor = Bytes(file[5:-32])
    need(1 <= cursor.u8() <= 6, "level of the model")
    dtype = cursor.take(cursor.varint()).decode()
    layout = Layout(dtype, [cursor.varint() for _ in range(cursor.varint())])
    notes = cursor.take(cursor.varint())
    need(len(notes) <= 4096, "notes")
    notes.decode()
    memory = (5, *read_side(layout, 0, cursor.take(cursor.varint()), None))
    need(not memory[1], "columns of a model one after another")
    return layout, memory


def tokens_frame(layout, kind, offset, length, payload, memory, seen):
    """Raw bytes, and the frame's own memory if it has one. What plans have is counted in `seen`."""
    cursor = Bytes(payload)
    head, n, tail, first = layout.rows(offset, length)
    body_len = n * layout.size
    own = cursor.take(cursor.varint())
    own = (kind, *read_side(layout, body_len, own, None, kind == 7)) if own else None
    memory = own or memory
    need(memory and memory[0] == kind, "tokens without their memory")
    side_len, words_len, code_len = cursor.varint(), cursor.varint(), cursor.varint() if kind == 7 else 0
    stored, plans = read_side(layout, body_len, cursor.take(side_len), memory[1:], kind == 7)
    words, code = cursor.take(words_len), cursor.take(code_len)
    edges = cursor.take(head), cursor.take(tail)
    group, plane = (0, 0) if stored else layout.group_and_plane()
    frame = TokenFrame(words, code, cursor.rest(), group, plane, first)
    rows, known = (layout.shape[1] if stored else n), []
    for plan in plans:
        column = Column(plan)
        column.decode(frame, known, rows)
        known.append(column)
        formula = plan.prediction[1][:1] if plan.prediction[0] == 2 else ()
        for what in ("transform", plan.transform[0]), ("prediction", plan.prediction[0], *formula), ("copy", plan.copy[0]):
            seen[what] = seen.get(what, 0) + 1
        for source, _, _ in plan.contexts:
            seen["source", source] = seen.get(("source", source), 0) + 1
        seen["exceptions",] = seen.get(("exceptions",), 0) + len(column.exceptions)
        seen["constant",] = seen.get(("constant",), 0) + any(2048 in f for f in plan.frequencies[:1])
        seen["spelt",] = seen.get(("spelt",), 0) + plan.spelt
        if plan.looks:
            met = [("second", plan.second), ("offset bits by contexts", plan.offset_bits), ("contexts", len(plan.looks))]
            met += [("look", *look[: 2 - (look[0] > 0)], "by", look[3][0]) for looks in plan.looks for look in looks]
            for what in met:
                seen["adaptive", *what] = seen.get(("adaptive", *what), 0) + 1
    frame.finish()
    body = np.zeros(body_len, np.uint8)
    for c, column in enumerate(known):
        type_, order, at = layout.columns[0 if stored else c]
        bits = type_.unorder(column.values).astype(f"{order}u{type_.width}").view(np.uint8).reshape(rows, type_.width)
        if stored:
            body.reshape(len(known), rows, type_.width)[c] = bits
        else:
            body.reshape(n, layout.size)[:, at : at + type_.width] = bits
    return edges[0] + body.tobytes() + edges[1], own
