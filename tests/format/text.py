"""Frames of kind 8: lines as records."""
import re
from dataclasses import dataclass

import numpy as np

from arithmetic import Bytes, need
from plain import Layout, plain_frame
from tokens import tokens_frame

COLUMNS = 128


@dataclass
class Field:
    """What stands before a field, and what it is."""

    before: bytes
    v: int
    width: int
    n: int = 0
    least: int = 0
    words: list = None
    pad: tuple = None
    style: tuple = None
    specials: tuple = ()

    @property
    def dtype(self):
        return f"{'uiifuuu'[self.v]}{self.width}" if self.width == 1 else f"<{'uiifuuu'[self.v]}{self.width}"


def signed(byte):
    return byte - 256 if byte > 127 else byte


def read_style(cursor):
    head, first = cursor.u8(), cursor.u8()
    form, flags = head & 7, head >> 3
    need(form <= 3, "form")
    numbers = (signed(first), signed(cursor.u8())) if form == 3 else (first,)
    need(numbers[0] >= -30 and numbers[1] <= 30 if form == 3 else first <= 18, "style")
    whole, power = cursor.u8(), cursor.u8()
    need(1 <= whole <= 40 and 1 <= power <= 4, "style")
    return form, [flags >> bit & 1 for bit in range(5)], numbers, whole, power


def read_field(cursor, before):
    head = cursor.u8()
    v, p = head & 15, head >> 4 & 3
    need(v <= 6 and p <= 2 and head < 128, "field")
    field = Field(before, v, 0)
    if v == 4:
        field.words = [cursor.take(cursor.varint()) for _ in range(cursor.varint())]
        need(len(field.words) <= 2**16, "words")
        field.width = 1 + (len(field.words) > 256)
    else:
        field.width = cursor.u8()
        need(field.width in [(1, 2, 4, 8), (1, 2, 4, 8), (4, 8), (4, 8), (), (1, 2, 4), (1, 2, 4)][v], "width")
    if v in (2, 3):
        field.n = cursor.u8()
        need(1 <= field.n <= 16 if v == 2 else field.n <= 17, "digits")
    if v == 2:
        field.least = int.from_bytes(cursor.take(2), "little", signed=True)
    if p:
        field.pad = p, cursor.u8(), cursor.u8()
    if v <= 3:
        field.style = read_style(cursor)
    if head & 64:
        need(1 <= v <= 3, "specials")
        field.specials = [cursor.take(cursor.u8()) for _ in range(cursor.u8())]
        need(1 <= len(field.specials) <= 15 and all(len(word) <= 16 for word in field.specials), "specials")
    return field


def scientific(digits, n, power, style):
    _, (_, zero, _, upper, power_plus), _, _, power_n = style
    text = str(digits).rjust(n + 1, "0")
    text = text[0] + ("." + text[1:] if n else ".0" if zero else "")
    sign = "-" if power < 0 else "+" if power_plus else ""
    return text + "eE"[upper] + sign + str(abs(power)).rjust(power_n, "0")


def positional(digits, n, zeros, style):
    _, (_, zero, bare, _, _), _, whole, _ = style
    text = str(digits)
    text = text.rjust(min(64, max(len(text), n + whole)), "0")
    whole, behind = text[: len(text) - n], text[len(text) - n :]
    if bare and n and whole == "0":
        whole = ""
    return whole + "0" * zeros + ("." + behind if n else ".0" if zero else "")


def number(negative, digits, exponent, style):
    form, (plus, *_), numbers, _, _ = style
    sign = "-" if negative else "+" if plus else ""
    if form == 1:
        n = numbers[0]
        while n and digits % 10 == 0:
            digits, n = digits // 10, n - 1
        text = positional(digits, n, 0, style)
    elif form == 0:
        text = positional(digits, numbers[0], 0, style)
    elif form == 2:
        text = scientific(digits, numbers[0], exponent + numbers[0] if digits else 0, style)
    elif digits == 0:
        text = positional(0, 0, 0, style)
    else:
        while digits % 10 == 0:
            digits, exponent = digits // 10, exponent + 1
        k = len(str(digits))
        power = exponent + k - 1
        if not numbers[0] <= power < numbers[1]:
            text = scientific(digits, k - 1, power, style)
        else:
            text = positional(digits, max(0, -exponent), max(0, exponent), style)
    return (sign + text).encode()


def float_digits(size, n, width):
    """Digits and exponent of a float above zero."""
    if n:
        text = f"{size:.{n - 1}e}"
    elif width == 4:
        text = np.format_float_scientific(np.float32(size), unique=True, trim="-")
    else:
        text = np.format_float_scientific(size, unique=True, trim="-")
    digits, power = re.fullmatch(r"([\d.]+)e([+-]\d+)", text).groups()
    whole, _, behind = digits.partition(".")
    return int(whole + behind), int(power) - len(behind)


def characters(field, element, beside):
    bits = 8 * field.width
    special = -1
    if field.specials and field.v == 3:
        special = int(element.view(f"u{field.width}")) - (0x7FC00000 if field.width == 4 else 0x7FF8 << 48)
    elif field.specials:
        special = int(element) + (1 << (bits - 1)) - 1
    if 0 <= special < len(field.specials):
        text = field.specials[special]
    elif field.v == 4:
        need(element < len(field.words), "word")
        text = field.words[element]
    elif field.v == 5:
        text = beside.take(int(element))
    elif field.v == 6:
        need(element <= 2**16, "blanks")
        text = b" " * int(element)
    elif field.v == 3:
        need(np.isfinite(element), "float")
        size = abs(float(element))
        text = number(bool(np.signbit(element)), *(float_digits(size, field.n, field.width) if size else (0, 0)), field.style)
    else:
        element = int(element)
        negative, size = element < 0, abs(element)
        if field.v and element == -(1 << (bits - 1)):
            size = 0
        digits, exponent = size, 0
        if field.v == 2:
            first = 10 ** (field.n - 1)
            digits, exponent = 0, 0
            if size:
                digits = first + (size - 1) % (9 * first)
                exponent = min((size - 1) // (9 * first), 2**20) + field.least - (field.n - 1)
        text = number(negative, digits, exponent, field.style)
    if field.pad:
        p, width, least = field.pad
        blanks = b" " * max(least, width - len(text))
        text = blanks + text if p == 1 else text + blanks
    return text


def part(cursor, dtype, length, seen):
    """The raw bytes of the next part."""
    if not length:
        return b""
    layout, kind = Layout(dtype, []), cursor.u8()
    need(kind in (1, 2, 3, 5, 7), "part")
    payload = cursor.take(cursor.varint())
    if kind in (5, 7):
        raw, own = tokens_frame(layout, kind, 0, length, payload, None, seen)
        need(own, "memory of a part")
    else:
        raw = plain_frame(layout, kind, 0, length, payload)
    need(len(raw) == length, "length of a part")
    seen["part", kind] = seen.get(("part", kind), 0) + 1
    return raw


def read_shape(cursor):
    rows, fields = cursor.varint(), []
    n = cursor.varint()
    need(n <= 4096, "fields")
    for _ in range(n):
        before = cursor.take(cursor.varint())
        fields.append(read_field(cursor, before))
    tail = cursor.take(cursor.varint())
    order = [cursor.varint() for _ in fields]
    need(sorted(order) == list(range(n)), "order of the columns")
    return rows, fields, tail, order


def elements(cursor, rows, fields, order, seen):
    """The columns of a shape's fields, and the bytes and tokens that they take."""
    columns, taken, most = [None] * len(fields), 0, 0
    for at in range(0, len(order), COLUMNS):
        lot = order[at : at + COLUMNS]
        width = sum(fields[f].width for f in lot)
        taken += width * rows
        most = max(most, rows * (len(lot) * (max(4, *(fields[f].width for f in lot)) + 9) + 72))
        dtype = np.dtype([(str(f), fields[f].dtype) for f in lot])
        raw = part(cursor, ",".join(fields[f].dtype for f in lot), width * rows, seen)
        table = np.frombuffer(raw, dtype)
        for f in lot:
            columns[f] = table[str(f)]
    return columns, taken, most


def text_frame(layout, length, payload, seen):
    """The raw bytes of a frame of text."""
    need(layout.size == 1 and not layout.shape and layout.columns[0][0].letter == "u", "text of this layout")
    cursor = Bytes(payload)
    end, head_len = cursor.u8(), cursor.varint()
    need(head_len <= length, "length of the head")
    head = Bytes(part(cursor, "u1", head_len, seen))
    n = head.varint()
    need(1 <= n <= 4096, "number of shapes")
    shapes = [read_shape(head) for _ in range(n)]
    line_n, literal_len, beside_len = head.varint(), head.varint(), head.varint()
    need(head.at == len(head.data) and max(line_n, literal_len, beside_len) <= length, "head")
    need(sum(shape[0] for shape in shapes) <= line_n, "lines")
    wide = n > 255
    sequence = np.frombuffer(part(cursor, "<u2" if wide else "u1", line_n * (1 + wide), seen), "<u2" if wide else "u1")
    literal, beside = Bytes(part(cursor, "u1", literal_len, seen)), Bytes(part(cursor, "u1", beside_len, seen))
    texts, taken, most = [], 0, 0
    for rows, fields, tail, order in shapes:
        columns, bytes_, tokens = elements(cursor, rows, fields, order, seen)
        taken, most = taken + bytes_, max(most, tokens)
        columns = [[characters(field, element, beside) for element in column] for field, column in zip(fields, columns)]
        lines = [b"".join(field.before + text for field, text in zip(fields, row)) + tail for row in zip(*columns)]
        texts.append(iter(lines if fields else [tail] * rows))
    need(taken + most <= 8 * length, "memory of a text")
    need(cursor.at == len(payload) and beside.at == beside_len, "bytes after a text")
    out = []
    for at in sequence:
        if at == n:
            stop = literal.data.find(bytes([end]), literal.at)
            out.append(literal.take((stop + 1 or literal_len) - literal.at))
        else:
            need(at < n, "number of a shape")
            line = next(texts[at], None)
            need(line is not None, "more lines than a shape has")
            out.append(line)
    need(literal.at == literal_len and not any(list(lines) for lines in texts), "lines that are left")
    return b"".join(out)
