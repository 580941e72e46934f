"""What people write on pages: sums, dates, prices, notes, as lines of text drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

_LATIN = """
milk bread eggs apples total tax page room tel date name sum paid cash open phone white blue north street house
number order note call back at and or the for with from to per each box set size width height left right top shelf
item over time start end lunch team score point game class group test exam result mean ratio part zero one loss six
so is it ill oil soil boss bill sail solo zoo logo gold bold old body dog log big bag Brot Milch Kasse Summe Stück
Zimmer Haus Seite Gleis Uhr Preis netto brutto Datum Name Konto Betrag leche pan huevos calle piso precio suma fecha
hora casa pain lait oeufs prix rue heure mleko chleb ulica dom quick brown fox jumps lazy lorem ipsum dolor sit amet
Anna Tom Luca Max Lili Nikola Ana Ivo Olga Sofia
"""
_CYRILLIC = """
хлеб молоко сыр яйца дом улица комната номер дата имя сумма итого цена час день год школа класс группа тетрадь
задача ответ решение пример книга стол окно Никола Ана Лазаревић Иван Ольга Марија кућа бројеви зима весна ЗАДАЧА
ДОМ БУКВА ОБЕД ЗАВОД ШКОЛА ЧАС ЭТАЖ бег зуб з об бб собака забор обоз роза база
"""
_GREEK = """
αβγδ σπίτι ώρα ψωμί γάλα λόγος μέρα θεός φως ΑΘΗΝΑ ΣΥΝΟΛΟ ΗΜΕΡΑ δρόμος αριθμός σελίδα Ελλάδα ξένος
"""
_PLAIN = str.maketrans("åäöüćίώάόέύ", "aaoucιωαοευ")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SMALL = _CAPITALS.lower()
_CYRILLIC_LETTERS = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщыьэюя"
_GREEK_LETTERS = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξπρσςτυφχψω"
_CALCULUS = "∫∑∞∂∈≤≥≠≈∀∃√πΔθλμσ±÷"
_LIKE_DIGITS = "BDGIJLOQSZabgilopqsyzБЗЧЬЭбвзьчэяосрεδσςθξγρφ∂∃∞"
_SIGNS = ".,:/-+×=()%"

Random = np.random.Generator


@cache
def _alphabet(name: str) -> tuple[str, ...]:
    words = {"latin": _LATIN, "cyrillic": _CYRILLIC, "greek": _GREEK}[name]
    return tuple(word.translate(_PLAIN) for word in words.split())


def pick(choices: Sequence[str], rng: Random) -> str:
    """One of them."""
    return choices[int(rng.integers(len(choices)))]


def script(rng: Random) -> str:
    """Name an alphabet: mostly latin, now and then cyrillic or greek."""
    return str(rng.choice(["latin", "cyrillic", "greek"], p=[0.72, 0.2, 0.08]))


def word(rng: Random, alphabet: str = "latin", case: str = "lower") -> str:
    """A word, or letters that could be one; `case` is lower, upper or title."""
    text = pick(_alphabet(alphabet), rng)
    if alphabet == "latin" and rng.random() < 0.25:
        pairs = [pick("bcdfghjklmnprstvwz", rng) + pick("aeiou", rng) for _ in range(rng.integers(1, 5))]
        text = "".join(pairs) + (pick("nlrstx", rng) if rng.random() < 0.4 else "")
    return {"lower": text, "upper": text.upper(), "title": text.capitalize()}[case]


def words(rng: Random, length: int, alphabet: str, case: str) -> str:
    """Words up to so many characters, now and then with punctuation between them."""
    text = word(rng, alphabet, case)
    while len(text) < length:
        mark = rng.random()
        text += ("," if mark < 0.05 else "." if mark < 0.09 else " -" if mark < 0.11 else "") + " "
        text += word(rng, alphabet, case)
    return text


def digits(rng: Random, least: int, most: int) -> str:
    """So many digits, all equally likely."""
    return "".join(map(str, rng.integers(0, 10, rng.integers(least, most + 1)).tolist()))


def number(rng: Random, most: int = 4) -> str:
    """A whole number as in a sum: without leading zeros, small ones more often."""
    count = int(rng.integers(1, most + 1))
    first = str(rng.integers(1, 10)) if count > 1 or rng.random() < 0.9 else "0"
    zeros = rng.random() < 0.12
    return first + ("0" * (count - 1) if zeros else digits(rng, count - 1, count - 1))


def decimal(rng: Random) -> str:
    """A decimal number with comma or point, or one whose thousands are set apart."""
    kind = rng.random()
    if kind < 0.78:
        return f"{number(rng, 3)}{pick(',,,..', rng)}{digits(rng, 1, 3)}"
    if kind < 0.9:
        return number(rng, 2) + pick(" ',.", rng) + digits(rng, 3, 3)
    return f"{pick('-+', rng)}{number(rng, 2)}{pick(',.', rng)}{digits(rng, 1, 2)}"


def date(rng: Random) -> str:
    """A day, as written in many countries."""
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1900, 2100))
    padded, short = rng.random() < 0.5, rng.random() < 0.4
    d, m = (f"{day:02d}", f"{month:02d}") if padded else (str(day), str(month))
    y = f"{year % 100:02d}" if short else str(year)
    order = rng.random()
    if order < 0.3:
        return f"{d}.{m}.{y}"
    if order < 0.36:
        return f"{d}.{m}."
    if order < 0.6:
        return f"{d}/{m}/{y}"
    if order < 0.8:
        return f"{d}-{m}-{y}"
    return f"{year}{pick('-/.', rng)}{month:02d}{pick('-', rng)}{day:02d}" if order < 0.95 else f"{d}/{m}"


def time(rng: Random) -> str:
    """A time of day, or a span of it."""
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    text = f"{hour:02d}" if rng.random() < 0.5 else str(hour)
    text += f"{pick(':::.', rng)}{minute:02d}"
    kind = rng.random()
    if kind < 0.15:
        return f"{text}:{rng.integers(0, 60):02d}"
    if kind < 0.3:
        return f"{text} - {hour + 1}:{rng.integers(0, 60):02d}"
    return text + (pick((" h", " Uhr", " am", " pm"), rng) if kind < 0.45 else "")


def price(rng: Random) -> str:
    """An amount of money."""
    kind = rng.random()
    cents = digits(rng, 2, 2) if rng.random() < 0.7 else "00"
    whole = number(rng, 4)
    if kind < 0.3:
        return f"{pick('$€£¥', rng)}{' ' if rng.random() < 0.4 else ''}{whole}{pick('.,', rng)}{cents}"
    if kind < 0.65:
        return (
            f"{whole}{pick(',.', rng)}{cents} {pick(('€', '€', '$', 'kr', 'zl', 'EUR', 'USD', 'din', '₽', 'Ft'), rng)}"
        )
    if kind < 0.8:
        return f"{whole}{pick(('€', ' €', ' kr', ' ₽', '$'), rng)}"
    return f"{whole},-" if kind < 0.92 else f"={whole}="


_UNITS = (
    "kg",
    "g",
    "cm",
    "mm",
    "m",
    "km",
    "km/h",
    "l",
    "ml",
    "°C",
    "°",
    "%",
    "h",
    "min",
    "s",
    "V",
    "A",
    "W",
    "kW",
    "Hz",
)
_MORE_UNITS = ("x", "Stk", "pcs", "pc", "m²", "cm³", "m/s", "кг", "шт", "см", "Ω", "mm²", "MB", "GB", "th", "st", "nd")


def quantity(rng: Random) -> str:
    """A number and its unit."""
    amount = decimal(rng) if rng.random() < 0.35 else number(rng, 4)
    unit = pick(_UNITS, rng) if rng.random() < 0.7 else pick(_MORE_UNITS, rng)
    return amount + (" " if rng.random() < 0.55 else "") + unit


def phone(rng: Random) -> str:
    """A telephone number."""
    gap = pick(" -/ ", rng)
    head = pick(("+", "0", "(0", ""), rng) + digits(rng, 2, 3)
    head += ")" if head.startswith("(") else ""
    return head + gap + gap.join(digits(rng, 2, 4) for _ in range(rng.integers(1, 4)))


def _operand(rng: Random, letters: bool) -> str:
    if letters and rng.random() < 0.45:
        factor = number(rng, 2) if rng.random() < 0.65 else ""
        return factor + pick("xxxxyyzabcnkt", rng) + (pick("²³", rng) if rng.random() < 0.15 else "")
    if rng.random() < 0.12:
        return decimal(rng)
    return number(rng, int(rng.integers(1, 4)))


def term(rng: Random, letters: bool = False) -> str:
    """A few operands with signs and brackets between them."""
    gap = " " if rng.random() < 0.4 else ""
    text = "-" if rng.random() < 0.1 else ""
    text += _operand(rng, letters)
    for _ in range(rng.integers(1, 4)):
        sign = pick("++++----××××//:÷%", rng)
        if sign == "%":
            text += "%"
            continue
        chance = rng.random()
        if chance < 0.16:
            text += f"{gap}{sign}{gap}({_operand(rng, letters)}{pick('+-×/', rng)}{_operand(rng, letters)})"
        elif chance < 0.22:
            text = f"({text}){gap}{sign}{gap}{_operand(rng, letters)}"
        elif chance < 0.25:
            text += f"({_operand(rng, letters)})"
        else:
            text += f"{gap}{sign}{gap}{_operand(rng, letters)}"
    return text


def equation(rng: Random, letters: bool | None = None) -> str:
    """A sum with or without its result, or an equation."""
    letters = rng.random() < 0.35 if letters is None else letters
    gap = " " if rng.random() < 0.5 else ""
    kind = rng.random()
    if kind < 0.35:
        return term(rng, letters)
    if kind < 0.5:
        return f"{term(rng, letters)}{gap}="
    if kind < 0.56 and letters:
        return f"{pick(('f(x)', 'y', 'x', 'sin(x)', 'a', 'π', 'λ'), rng)}{gap}={gap}{_operand(rng, letters)}"
    return f"{term(rng, letters)}{gap}{pick('=======<>≤≈', rng)}{gap}{_operand(rng, letters)}"


def sentence_with_number(rng: Random, length: int, alphabet: str, case: str) -> str:
    """A line of words with a number in it, at its end more often than not."""
    line, amount = words(rng, length, alphabet, case), figure(rng)
    where = rng.random()
    if where < 0.65:
        return f"{line}{pick(('', '', ':', ' -', ' ='), rng)} {amount}"
    if where < 0.85:
        return f"{amount}{pick(('', '', '.', ')'), rng)} {line}"
    return f"{line} {amount} {words(rng, length // 2, alphabet, case)}"


FIGURES: tuple[Callable[[Random], str], ...] = (number, decimal, date, time, price, quantity, phone)


def figure(rng: Random) -> str:
    """Any number that people write in a line of words: mostly plain ones."""
    if rng.random() < 0.5:
        return digits(rng, 1, 6)
    return FIGURES[int(rng.integers(len(FIGURES)))](rng)


def letters(rng: Random, length: int, clear: bool = False) -> str:
    """Single letters with spaces between: one alphabet in order, the same one again and again, or at random.

    Where they are `clear`, those are left out that nobody tells from a digit without its neighbours.
    """
    pool = pick((_CAPITALS, _CAPITALS, _SMALL, _CYRILLIC_LETTERS, _GREEK_LETTERS, _CALCULUS, _CAPITALS + _SMALL), rng)
    if clear:
        pool = "".join(letter for letter in pool if letter not in _LIKE_DIGITS)
    kind = rng.random()
    if kind < 0.3:
        return " ".join(pick(pool, rng) * length)
    if kind < 0.5:
        start = int(rng.integers(len(pool)))
        return " ".join((pool * 2)[start : start + length])
    return " ".join(pick(pool, rng) for _ in range(length))


def signs(rng: Random, length: int) -> str:
    """Signs with spaces between: the same one again and again, or at random."""
    pool = _SIGNS if rng.random() < 0.7 else _SIGNS + _CALCULUS + "!?[]{}&#€$✓✗→"
    if rng.random() < 0.6:
        return " ".join(pick(pool, rng) * length)
    return " ".join(pick(pool, rng) for _ in range(length))
