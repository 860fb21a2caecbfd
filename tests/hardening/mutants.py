"""Changes a sign or leaves out a term of the interval clock's arithmetic, one at a time: its tests must fail each time.

python tests/hardening/mutants.py DIRECTORY      # where a copy of the sources is built
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# The file in src/clock, the text, and what it is replaced by.
MUTANTS = [
    ("bound", "tracking.skew + tracking.residual_freq.abs()", "tracking.skew"),
    ("bound", "tracking.residual_freq.abs()", "tracking.residual_freq"),
    ("bound", "(tracking.skew + ", "("),
    ("bound", " + self.max_drift) * 1e-6", ") * 1e-6"),
    ("bound", "sample.ago as f64 + AGE_ROUNDING", "sample.ago as f64"),
    ("bound", "sample.error + (sample.ago", "(sample.ago"),
    ("bound", " + self.extra_error", ""),
    ("bound", "(tracking.offset - sample.offset).abs()", "(tracking.offset + sample.offset).abs()"),
    ("bound", "(tracking.offset - sample.offset).abs()", "tracking.offset.abs()"),
    ("reports", "if sample.ago < 0", "if sample.ago < -5"),
    (
        "reports",
        "!source.is_reference_clock && *address == source.address",
        "*address == source.address",
    ),
    ("reports", "LOCAL_REFERENCE => return Err", "1 => return Err"),
    ("reports", "value.is_finite() && value >= 0.0", "value.is_finite()"),
    ("interval", "tracking.offset - sample.offset", "tracking.offset + sample.offset"),
    ("interval", "tracking.offset - sample.offset", "sample.offset - tracking.offset"),
    ("interval", "tracking.offset - sample.offset", "tracking.offset"),
    ("interval", " + since_sources * rate", ""),
    ("interval", "half.saturating_add(round.reading_error())", "half"),
    ("interval", "-frequency - rate", "frequency - rate"),
    ("interval", "-frequency - rate", "-frequency + rate"),
    ("interval", "-frequency - rate", "-frequency"),
    ("interval", "-frequency + rate", "frequency + rate"),
    ("interval", "-frequency + rate", "-frequency"),
    ("interval", "if now.raw > self.void_at", "if false"),
    ("interval", "if has_slept(self.slept, now.slept)", "if false"),
    ("interval", "if latest > self.leap_at", "if false"),
    ("interval", "DAY) - SECOND", "DAY)"),
    ("interval", "saturating_add(FRESH)", "saturating_add(2 * FRESH)"),
    ("interval", "moved.saturating_add(drift)", "drift"),
    ("interval", "moved.saturating_add(drift)", "moved"),
    ("interval", ".saturating_add(self.before.uncertainty)", ""),
    (
        "guards",
        "saturating_sub((elapsed as f64 * earlier.frequency)",
        "saturating_add((elapsed as f64 * earlier.frequency)",
    ),
    (
        "guards",
        "expected.saturating_sub(self.last_offset)",
        "expected.saturating_add(self.last_offset)",
    ),
    ("guards", "expected.saturating_sub(self.last_offset)", "expected"),
    ("guards", "allowed += (self.frequency - earlier.frequency).abs();", ""),
    ("guards", "if self.update_interval <= elapsed", "if self.update_interval <= -elapsed"),
    (
        "guards",
        "before.real.saturating_add((tracking.offset",
        "before.real.saturating_sub((tracking.offset",
    ),
    ("guards", "if apart > 0", "if apart > 1_000_000"),
    ("guards", "kernel.is_steered || was_set", "was_set"),
    ("guards", "kernel.is_steered || was_set", "kernel.is_steered"),
    ("guards", "round.sample_time() <= at.raw", "false"),
    ("guards", "now.raw < earlier.projection.origin", "false"),
    ("guards", "elapsed * FASTEST_SLEW", "elapsed * 2.0 * FASTEST_SLEW"),
    ("guards", "words[1] != u64::from(process)", "false"),
    (
        "guards",
        "Err(Unusable::Slept) => return (Self::Woken(now), Err(Refusal::Woken)),",
        "Err(Unusable::Slept) => None,",
    ),
]


def survives(directory: Path, name: str, old: str, new: str) -> bool:
    """Whether the tests pass with the change."""
    path = directory / "src" / "clock" / f"{name}.rs"
    original = path.read_text()
    code, tests = original.split("#[cfg(test)]", 1)
    if code.count(old) < 1:
        raise SystemExit(f"mutants: {name}.rs has no {old!r}")
    path.write_text(code.replace(old, new) + "#[cfg(test)]" + tests)
    try:
        command = ["cargo", "test", "--quiet", "--locked", "--lib", "clock::"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=600)
    finally:
        path.write_text(original)
    if "could not compile" in done.stderr:
        raise SystemExit(f"mutants: {old!r} by {new!r} is no code\n{done.stderr}")
    return done.returncode == 0


def main() -> int:
    directory = Path(sys.argv[1])
    for name in ("Cargo.toml", "Cargo.lock", "build.rs", "src", "include"):
        source, target = PROJECT / name, directory / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.so", "include"))
        else:
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    missing = [
        name
        for name, old, _ in MUTANTS
        if old not in (PROJECT / "src" / "clock" / f"{name}.rs").read_text()
    ]
    if missing:
        raise SystemExit(f"mutants: there is text that is no longer in {missing}")
    survivors = [mutant for mutant in MUTANTS if survives(directory, *mutant)]
    for name, old, new in survivors:
        print(f"mutants: {name}.rs with {new!r} for {old!r} passes the tests", file=sys.stderr)
    print(
        f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} mutants of the interval clock fail the tests"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
