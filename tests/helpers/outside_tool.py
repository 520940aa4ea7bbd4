"""A stand-in for a user's anonymizer: inverts the regions of every image, or misbehaves as its last argument says."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def decoded(rle: dict) -> np.ndarray:
    """(height, width) bool, as docs/external.md explains."""
    height, width = rle["size"]
    return np.repeat(np.arange(len(rle["counts"])) % 2, rle["counts"]).reshape(width, height).T.astype(bool)


def huge_png() -> bytes:
    """A PNG of a few hundred bytes that claims 9000 x 9000 px."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)), (b"IDAT", b"x\x9c"), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def main(images: str, regions: str, output: str, seed: str, mode: str = "") -> None:
    print(f"seed {seed}, mode {mode}", flush=True)
    if mode == "crash":
        sys.exit("out of memory, says the tool")
    if mode == "sleep":
        Path(os.environ["TOOL_PIDS"]).write_text(str(subprocess.Popen(["sleep", "600"]).pid))
        time.sleep(600)
    for file in sorted(Path(regions).rglob("*.json")):
        record = json.loads(file.read_text())
        name = record["file_name"]
        pixels = np.asarray(Image.open(Path(images) / name).convert("RGB")).copy()
        before = pixels.copy()
        for region in record["regions"]:
            mask = decoded(region["mask"])
            pixels[mask] = 255 - pixels[mask]
        target = Path(output) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(pixels)
        odd = name == "a.png"
        if mode == "nothing" or (mode == "missing" and odd):
            continue
        if mode == "untouched" and odd:
            picture = Image.fromarray(before)
        elif mode == "nearly" and odd:
            picture = Image.fromarray(before // 4 * 4)
        elif mode == "smaller" and odd:
            picture = picture.crop((0, 0, 30, 30))
        elif mode == "16 bit" and odd:
            picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 256)
        elif mode == "all transparent" or (mode == "transparent" and odd):
            picture = picture.convert("RGBA")
        elif mode == "outside":
            picture = Image.fromarray(255 - before)
        elif mode == "in place":
            picture.save(Path(images) / name, format="PNG")
        if mode == "link" and odd:
            target.symlink_to(Path(images) / name)
        elif mode == "huge" and odd:
            target.write_bytes(huge_png())
        elif mode == "bulky" and odd:
            target.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(3_000_000))
        elif mode == "folder" and odd:
            target.mkdir()
        elif mode == "pipe" and odd:
            os.mkfifo(target)
        else:
            picture.save(target, format="PNG")
    if mode == "linked folder":
        (Path(output) / "sub folder").rename(Path(output) / "elsewhere")
        (Path(output) / "sub folder").symlink_to(Path(output) / "elsewhere")
    if mode == "strange":
        (Path(output) / "a.txt").write_text("hello")


if __name__ == "__main__":
    main(*sys.argv[1:])
