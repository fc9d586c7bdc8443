"""Writes nfc.txt from Python's Unicode tables: python3 make.py > nfc.txt"""

import unicodedata

print("# Unicode", unicodedata.unidata_version)
print("# d: canonical decomposition; c: the same, and it composes back; r: first last combining-class")
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
