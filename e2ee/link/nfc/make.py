"""Writes nfc.txt from Python's Unicode tables: python3 make.py > nfc.txt"""

import unicodedata

print("# Unicode", unicodedata.unidata_version)
print("# d: canonical decomposition; c: the same, and it composes back; r: first last combining-class; u: first last, not known")
for point in range(0x110000):
    text = unicodedata.decomposition(chr(point))
    if text and not text.startswith("<"):
        composes = unicodedata.normalize("NFC", chr(point)) == chr(point)
        print("c" if composes else "d", f"{point:x}", text.lower())
point = 0
while point < 0x110000:
    first, kind = point, unicodedata.combining(chr(point))
    while point < 0x110000 and unicodedata.combining(chr(point)) == kind:
        point += 1
    if kind:
        print("r", f"{first:x} {point - 1:x} {kind}")


def unknown(point):
    """Emoji and ideographs that come later neither decompose nor combine."""
    later = 0x1F000 <= point <= 0x1FAFF or 0x20000 <= point <= 0x3FFFD
    return point < 0x110000 and not later and unicodedata.category(chr(point)) == "Cn"


point = 0
while point < 0x110000:
    first = point
    while unknown(point):
        point += 1
    if point > first:
        print("u", f"{first:x} {point - 1:x}")
    point += 1
