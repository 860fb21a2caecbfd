"""Takes every path so many times, and reports what there is more of afterwards: references, blocks, descriptors, files.

Run as `counts.py TRANSPORT TIMES`, more than 30 times, with any CPython; one with --with-pydebug counts all references.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import paths  # noqa: E402
from answers import Answers  # noqa: E402

total_references = getattr(sys, "gettotalrefcount", lambda: 0)
WARM_UP = 30
# The interpreter's own caches come and go: growth of this size or less, or not in every measurement, is due to them. Its cache of
# attributes keeps their names: of a method that looks some up, a name for each of the first few hundred calls.
SLACK = 30
MEASUREMENTS = 25


def grown(path: paths.Path, times: int, shared: dict[str, object]) -> dict[str, int]:
    """What grew, and by how much, while the path was taken so many times."""
    take = path.take
    for _ in range(WARM_UP):
        take()
    gc.collect()
    before = paths.reference_counts(shared)
    blocks = sys.getallocatedblocks()
    total = total_references()
    for _ in range(times):
        take()
    gc.collect()
    total = total_references() - total
    blocks = sys.getallocatedblocks() - blocks
    after = paths.reference_counts(shared)
    grown = {name: after[name] - before[name] for name in shared}
    grown["all references"] = total
    grown["blocks"] = blocks
    return {name: number for name, number in grown.items() if abs(number) > SLACK}


def main() -> None:
    transport, times = sys.argv[1], int(sys.argv[2])
    assert times > SLACK
    failed = calls = 0
    shared = paths.shared_objects()
    with Answers(transport) as answers:
        descriptors = paths.descriptors()
        for path in paths.of_everything(answers.addresses):
            for _ in range(MEASUREMENTS):
                found = grown(path, times, shared)
                calls += times
                if not found:
                    break
            if found:
                failed += 1
                print(f"{path.name}: {times} calls, and there are more of {json.dumps(found)}")
        gc.collect()
        if paths.descriptors() != descriptors:
            failed += 1
            print(f"descriptors before: {descriptors}, after: {paths.descriptors()}")
    if answers.left:
        failed += 1
        print(f"files left: {answers.left}")
    print(f"{calls} calls on {transport}; {failed} paths kept something")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
