"""Margins: learnt from reruns, read from TOML; and the shift of a signed detail."""

from __future__ import annotations

import json
import tomllib

import msgspec
import numpy as np
import pytest

from support.synthetic_gates import by_name, made, rewrite, rules
from support.synthetic_runs import CLAP, METRICS, WER, sealed
from vsseval.errors import UsageError
from vsseval.statistics.compare import compare
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_rules import load_gates
from vsseval.statistics.learn_margins import Proposal, propose_from_clips, propose_margins, rounded_up, spread
from vsseval.statistics.shift import median
from vsseval.statistics.student import quantile
from vsseval.store.record import load_run, write_aggregates
from vsseval.tables.gate import plain
from vsseval.tables.margins import toml

# A delay is seen in the signed offset


def with_offsets(run, offsets):
    def put(row):
        if row.metric != "desync@toy":
            return row
        offset = offsets[int(row.sample_id[4:])]
        return msgspec.structs.replace(row, value=abs(offset), detail=json.dumps({"offset": offset}))

    rewrite(run, put)
    cells = [
        msgspec.structs.replace(c, value=float(np.mean(np.abs(offsets)))) if c.metric == "desync@toy" else c
        for c in run.aggregates
    ]
    write_aggregates(run.path, cells)
    sealed(run.path)
    return load_run(run.path)


def test_a_delay_that_brings_early_sound_nearer_lowers_desync_and_is_stopped_by_the_shift(tmp_path):
    rng = np.random.default_rng(4)
    early = rng.normal(-0.035, 0.02, 24)
    jitter = rng.normal(0, 0.01, 24)
    late = early + 0.020 + jitter
    late[3] = -1.5  # one clip's lag jumps to another beat
    base = with_offsets(made(tmp_path, "base"), early)
    run = with_offsets(made(tmp_path, "run"), late)
    again = with_offsets(made(tmp_path, "again"), early - jitter)
    gates = rules(desync={"margin": 1.0, "shift": {"offset": 0.012}})
    assert gate(again, base, gates).exit_code == 0
    verdict = gate(run, base, gates)
    assert by_name(verdict)["desync@toy margin"].status == "passed"
    assert by_name(verdict)["desync@toy offset"].status == "regression"
    assert np.abs(np.delete(late, 3)).mean() < np.abs(np.delete(early, 3)).mean()
    lead = with_offsets(made(tmp_path, "lead"), early - 0.020)
    assert gate(lead, base, gates).exit_code == 1, "to either side"


def test_a_shift_of_a_detail_that_is_not_there_is_refused(tmp_path):
    run = made(tmp_path, "a")
    with pytest.raises(UsageError, match="says of clip clip00 no finite number 'offset'"):
        gate(run, run, rules(desync={"shift": {"offset": 0.1}}))


def test_the_interval_of_a_median_is_that_of_the_sign_test():
    # Conover's table: of 10 values the 2nd and 9th, 97.9 %; of 6 the 1st and last; of 5 there is none.
    assert (median(np.arange(10.0)).low, median(np.arange(10.0)).high) == (1.0, 8.0)
    assert (median(np.arange(6.0)).low, median(np.arange(6.0)).high) == (0.0, 5.0)
    assert median(np.arange(5.0)).low is None
    assert median(np.array([])).value is None


@pytest.mark.parametrize("n", [24, 56])
def test_the_interval_of_a_median_covers_it(n):
    rng = np.random.default_rng(0)
    draws = rng.standard_t(2, (2000, n))
    found = [median(row) for row in draws]
    covered = np.mean([e.low <= 0 <= e.high for e in found])
    assert 0.945 <= covered <= 0.985, "never below 95 % but for chance; the next pair of order statistics is beyond"


# Margins


def reruns(root, count, badness=0.2, first=0, **options):
    return [made(root, "m", badness, seed=s, noise_seed=1000 + s, **options) for s in range(first, first + count)]


def test_margins_learnt_from_reruns_pass_reruns_and_stop_what_is_worse(tmp_path):
    """Ten reruns pass, by four metrics each; a planted loss of twice the margin is stopped by every one of them."""
    learnt = reruns(tmp_path / "learn", 5, clips=48)
    path = tmp_path / "gates.toml"
    path.write_text(toml(propose_margins(learnt), learnt))
    gates = load_gates(path)
    for run in reruns(tmp_path / "again", 10, first=10, clips=48):
        verdict = gate(run, learnt[0], gates, any_seed=True)
        assert verdict.exit_code == 0, plain([verdict])
    worse = made(tmp_path, "worse", 0.45, seed=0, noise_seed=77, clips=48)
    caught = {c.metric for c in gate(worse, learnt[0], gates).checks if c.status == "regression"}
    assert caught == {m.id for m in METRICS}


def test_of_many_reruns_few_are_stopped_and_losses_are_caught_as_promised():
    """The rule by itself, on normal numbers: 800 gates of reruns, of a loss at `caught` and of one at the margin."""
    from vsseval.statistics.intervals import ratio_difference
    from vsseval.statistics.student import quantile

    rng, n = np.random.default_rng(1), 48
    hard = rng.normal(0, 1, n)
    ones, clusters = np.ones(n), np.arange(n)

    def reach(loss):
        a, b = (hard + rng.normal(0, 0.1, n) for _ in range(2))
        found = ratio_difference((a + loss, b), (ones, ones), clusters)
        half = quantile(n - 1) * found.se
        return found.value, found.se, found.value - half, found.value + half

    found = spread([reach(0.0) for _ in range(10)])
    margin, caught = found.margin, found.caught(found.margin)
    stopped = {loss: np.mean([reach(loss)[3] > margin for _ in range(800)]) for loss in (0.0, caught, margin)}
    assert stopped[0.0] <= 0.01
    assert 0.84 <= stopped[caught] <= 0.96
    assert stopped[margin] >= 0.95


def test_learning_refuses_what_it_cannot_learn_from(tmp_path):
    runs = reruns(tmp_path / "a", 3)
    with pytest.raises(UsageError, match="at least 3 reruns on toy_joint, there are 2"):
        propose_margins(runs[:2])
    with pytest.raises(UsageError, match="do not differ at all"):
        propose_margins([runs[0]] * 3)
    with pytest.raises(UsageError, match="reruns are of one model, but on toy_joint there are m, other"):
        propose_margins([*runs, made(tmp_path, "other")])
    with pytest.raises(UsageError, match="--limit"):
        propose_margins([*runs, *reruns(tmp_path / "limited", 1, first=7, limit=8)])
    with pytest.raises(UsageError, match="1 clips without a sound"):
        propose_margins([*runs, *reruns(tmp_path / "failed", 1, first=8, failed=(2,))])
    with pytest.raises(UsageError, match="manifest"):
        propose_margins([*runs, *reruns(tmp_path / "manifest", 1, first=9, manifest="e" * 64)])


def test_margins_are_rounded_up_to_two_digits_and_are_never_less_than_a_table_shows(tmp_path):
    assert [rounded_up(x) for x in (0.0, 0.01234, 1.0, 4.21, 99.1, 1234.0)] == [0.0, 0.013, 1.0, 4.3, 100.0, 1300.0]
    runs = [made(tmp_path, "m", 0.0, metrics=(WER, CLAP), seed=s, noise_seed=s) for s in range(3)]
    for run in runs:
        rewrite(run, lambda row: msgspec.structs.replace(row, value=0.0) if row.metric == "wer@toy" else row)
    found = {p.metric: p.margin for p in propose_margins(runs)}
    assert found["wer@toy"] == 0.1, "no rerun had an error"
    assert found["clap_score@toy"] > 0


def test_proposed_margins_are_toml_whatever_the_names(tmp_path):
    name = 'folder:my "clips" \\ [x]\n # é\x7f'
    known = {"benchmark": name, "unit": "s", "noise": 1.0, "half": 1.0, "caught": 1.0, "clips": 3}
    text = toml(
        [Proposal(metric="m@r", margin=0.25, **known), Proposal(metric="m@r", detail="offset", margin=0.5, **known)], []
    )
    assert tomllib.loads(text) == {name: {"m@r": {"margin": 0.25, "shift": {"offset": 0.5}}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["*"."a@b"]\nmargin = -1', r"\[\*.a@b\]: margin is -1, but is a width"),
        ('["*"."a@b"]\nmargin = nan', "margin is nan, which is no bound"),
        ('["*"."a@b"]\nceiling = inf', "ceiling is inf"),
        ('["*"."a@b"]', "asks for nothing"),
        ('["*"."a@b"]\nfloor = 2\nceiling = 1', "the floor 2 lies above the ceiling 1"),
        ('["*"."a@b"]\nmargn = 2', r"unknown field `margn`"),
        ('["*"."a@b"]\nmargin = "2"', "Expected `float | null`, got `str`"),
        ('["*"."a@b"]\nshift = { offset = -0.1 }', "shift.offset is -0.1"),
        ("margin = 2", "Expected `object`"),
        ("[[", "is no TOML"),
    ],
)
def test_rules_that_are_none_are_refused_with_their_place(tmp_path, text, message):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_gates(path)


def test_no_file_no_text_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist. Name a file with --margins, or propose one"):
        load_gates(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no TOML"):
        load_gates(tmp_path / "bytes.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_gates(tmp_path)


# Fixed outputs


def of(proposals, metric):
    (found,) = [p for p in proposals if p.metric == metric and not p.detail]
    return found


def test_two_versions_of_fixed_outputs_give_margins_from_their_clips_however_far_they_are_apart(tmp_path):
    old, near, far = (
        made(tmp_path, n, q, noise_seed=i) for i, (n, q) in enumerate([("v1", 0.2), ("v2", 0.2), ("v3", 0.5)])
    )
    (delta,) = compare(old, near, [CLAP.id])
    found = of(propose_from_clips([old, near]), CLAP.id)
    assert found.noise == pytest.approx(delta.se)
    assert found.half == pytest.approx(quantile(11) * delta.se)
    assert found.margin == rounded_up(found.half + 3 * found.noise)
    (apart,) = compare(old, far, [CLAP.id])
    assert abs(apart.difference) > 10 * apart.se
    assert of(propose_from_clips([old, far]), CLAP.id).noise == pytest.approx(apart.se)
    assert gate(near, old, rules(clap_score={"margin": found.margin})).exit_code == 0
    assert gate(far, old, rules(clap_score={"margin": found.margin})).exit_code == 1


def test_one_run_of_fixed_outputs_gives_margins_by_the_correlation_that_is_said(tmp_path):
    run = made(tmp_path, "v1")
    found = {rho: of(propose_from_clips([run], rho), CLAP.id) for rho in (0.0, 0.5)}
    assert found[0.0].noise == pytest.approx(run.cell(CLAP.id).se * 2**0.5)
    assert found[0.5].noise == pytest.approx(run.cell(CLAP.id).se)
    text = toml(propose_from_clips([run], 0.5), [run], basis="clips", correlation=0.5)
    assert tomllib.loads(text)["toy_joint"][CLAP.id]["margin"] == found[0.5].margin
    assert "`vsseval gate --learn --from-clips`" in text
    assert "another version is taken to spread as much, and to correlate with it by 0.5" in text
    with pytest.raises(UsageError, match="--correlation"):
        propose_from_clips([run], 1.0)


def test_the_offset_of_two_versions_may_move_as_far_as_its_clips_vary(tmp_path):
    rng = np.random.default_rng(4)
    early, late = rng.normal(-0.3, 0.02, 24), rng.normal(0.3, 0.02, 24)
    pair = [with_offsets(made(tmp_path, n), offsets) for n, offsets in (("v1", early), ("v2", late))]
    (found,) = [p for p in propose_from_clips(pair) if p.detail == "offset"]
    assert 0 < found.margin < 0.2


def test_runs_of_part_of_the_clips_and_runs_that_never_differ_are_told_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="--limit"):
        propose_from_clips([made(tmp_path, "part", limit=8)])
    same = [made(tmp_path / str(i), "audio") for i in range(3)]
    with pytest.raises(UsageError, match="--learn --from-clips"):
        propose_margins(same)


def test_the_command_learns_from_clips(tmp_path, capsys):
    from vsseval.cli import invoke

    paths = [str(made(tmp_path, name, noise_seed=i).path) for i, name in enumerate(("v1", "v2"))]
    assert invoke(["gate", "--learn", "--from-clips", *paths]) == 0
    said = capsys.readouterr()
    assert "margin = " in said.out
    assert "Fewer than 5" not in said.err
    assert invoke(["gate", "--from-clips", *paths]) == 2
