"""The kernel of :mod:`.suppress`; imported on CUDA devices only, since Triton is not installed elsewhere."""

import triton
import triton.language as tl


@triton.jit
def scan(boxes, usable, kept, starts, count, threshold, BLOCK: tl.constexpr):
    """One program for each image and group: it goes through the group's boxes and strikes out what each suppresses."""
    image, group = tl.program_id(0), tl.program_id(1)
    first, end = tl.load(starts + group), tl.load(starts + group + 1)
    size = end - first
    base = image.to(tl.int64) * count + first
    index = tl.arange(0, BLOCK)
    inside = index < size
    corners = boxes + (base + index) * 4
    x1 = tl.load(corners, inside, 0.0)
    y1 = tl.load(corners + 1, inside, 0.0)
    x2 = tl.load(corners + 2, inside, 0.0)
    y2 = tl.load(corners + 3, inside, 0.0)
    area = (x2 - x1) * (y2 - y1)
    alive = tl.load(usable + base + index, inside, 0).to(tl.int32)
    for i in range(size):
        if tl.max(tl.where(index == i, alive, 0), axis=0) > 0:
            one = boxes + (base + i) * 4
            left, top = tl.load(one), tl.load(one + 1)
            right, bottom = tl.load(one + 2), tl.load(one + 3)
            width = tl.maximum(tl.minimum(x2, right) - tl.maximum(x1, left), 0.0)
            height = tl.maximum(tl.minimum(y2, bottom) - tl.maximum(y1, top), 0.0)
            shared = width * height
            overlap = shared / ((right - left) * (bottom - top) + area - shared)
            alive = tl.where((overlap > threshold) & (index > i), 0, alive)
    tl.store(kept + base + index, alive.to(tl.int8), inside)
