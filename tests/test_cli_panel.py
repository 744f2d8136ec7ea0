"""``qpcr panel new`` and ``qpcr analyze --explain``."""

from __future__ import annotations

from click.testing import CliRunner

from cli import main


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_a_panel_of_ones_own(tmp_path):
    file = tmp_path / "ours.toml"
    made = run("panel", "new", "ours", "--out", file)
    assert made.exit_code == 0
    assert "warning: no fixed threshold for F.4 × R-7" in made.output
    assert run("panel", "check", file).exit_code == 0
    again = run("panel", "new", "ours", "--out", file)
    assert again.exit_code == 3
    assert "exists" in again.output
    file.write_text(file.read_text("utf-8").replace("[qc.late_cq]", "[qc.later_cq]"), "utf-8")
    wrong = run("panel", "check", file)
    assert wrong.exit_code == 3
    assert "did you mean 'late_cq'" in wrong.output


def test_the_chain_of_every_call_is_printed(tmp_path):
    run("simulate", "--patients", 2, "--seed", 2, "--out", tmp_path)
    done = run("analyze", tmp_path / "simulated-1.eds", "--panel", "ikzf1", "--explain")
    for sample in ("P-001", "P-002"):
        assert f"{sample}: " in done.output
    assert "by the instrument's rule" in done.output
    assert "→ negative" in done.output
