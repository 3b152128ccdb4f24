"""Checks that concern several settings: whether the parts of an experiment fit together."""

from __future__ import annotations

from ...agents.agent import AgentError
from ...landscapes.landscape import Landscape, Refusal, Space
from .errors import KeyPath, ProblemList, quote, suggest
from .models import Experiment, RaySettings, StartRegion
from .opened import LandscapeCache

ROUNDING = 1e-9


def check_experiment(notes: ProblemList, experiment: Experiment, opened: LandscapeCache) -> None:
    """Report what makes an experiment impossible although each of its settings is valid by itself."""
    _check_region(notes, experiment.region)
    _check_stop(notes, experiment)
    _check_evaluation(notes, experiment)
    _check_concurrency(notes, experiment)
    _check_needs(notes, experiment)
    for landscape in experiment.landscapes:
        facts = opened.facts(landscape)
        if isinstance(facts, str):
            # This problem was reported when the landscape was built.
            continue
        _check_dimension(notes, experiment, landscape, facts.space)
        _check_budget(notes, experiment, landscape, facts.space)
        if experiment.stop.precision is not None and facts.minimum is None:
            got = f"{experiment.stop.precision} for {landscape.label}, whose minimum is not known"
            notes.report(
                ("stop", "precision"), "be used with known minima", got, "Use stop.target, or set its minimum."
            )


def _check_region(notes: ProblemList, region: StartRegion) -> None:
    for center in region.centers:
        room = min(center, 1 - center)
        if not 0 <= center <= 1:
            notes.report(("region", "center"), "lie in the unit cube", quote(center), "Give numbers from 0 to 1.")
        elif region.radius > room + ROUNDING:
            got = f"center {center} with radius {region.radius}"
            cure = f"Lower the radius to {room:.6g}, or move the center." if room > 0 else "Move the center inwards."
            notes.report(("region",), "lie within the unit cube", got, cure)


def _check_stop(notes: ProblemList, experiment: Experiment) -> None:
    if experiment.stop.target is not None and experiment.stop.precision is not None:
        got = f"{experiment.stop.precision} and target {experiment.stop.target}"
        notes.report(("stop", "precision"), "be given without target", got, "Keep one of them.")


def _check_evaluation(notes: ProblemList, experiment: Experiment) -> None:
    given = experiment.evaluation
    if "retries" in given.model_fields_set and "retry" not in (given.on_nan, given.on_error):
        rule = "be used with on_nan: retry or on_error: retry"
        notes.report(("evaluation", "retries"), rule, f"{given.retries} without either", "Add on_error: retry.")


def _check_needs(notes: ProblemList, experiment: Experiment) -> None:
    """Report resources that no agent or landscape of the experiment would use: the name is misspelt."""
    settings = experiment.executor
    if not isinstance(settings, RaySettings):
        return
    if settings.placement == "packed" and (settings.resources.agents or settings.resources.landscapes):
        cure = "Leave out placement: agents and evaluations with their own resources are spread."
        notes.report(("executor", "placement"), "not be packed where resources are given", "packed", cure)
    teams = [strategy.team for strategy in experiment.strategies.values()]
    members = {word for team in teams for name, agent in team for word in (name, agent.kind)}
    kinds = {landscape.kind for landscape in experiment.landscapes}
    families = [
        ("agents", settings.resources.agents, members, "be the name or the kind of an agent in a team"),
        ("landscapes", settings.resources.landscapes, kinds, "be the kind of a landscape of the experiment"),
    ]
    for family, given, known, rule in families:
        for name in given:
            if name not in known:
                where: KeyPath = ("executor", "resources", family, name)
                notes.report(where, rule, repr(name), suggest(name, sorted(known)))


def _check_concurrency(notes: ProblemList, experiment: Experiment) -> None:
    """Report a limit above the size of the team, which bounds leases, and lanes with them."""
    largest = max(len(strategy.team) for strategy in experiment.strategies.values())
    limits: list[tuple[KeyPath, int | None, int]] = [(("concurrency",), experiment.concurrency, largest)]
    limits += [
        (("strategies", name, "concurrency"), strategy.concurrency, len(strategy.team))
        for name, strategy in experiment.strategies.items()
    ]
    for path, limit, size in limits:
        if limit is not None and limit > size:
            rule = f"be at most {size}, the size of the team, also where a lease has several lanes"
            notes.report(path, rule, f"{limit}", "Lower it, or add agents.")


def _check_dimension(notes: ProblemList, experiment: Experiment, landscape: Landscape, space: Space) -> None:
    given = experiment.region.center
    if isinstance(given, tuple) and len(given) != space.dimension:
        rule = f"have one number per axis ({space.dimension} for {landscape.label})"
        notes.report(
            ("region", "center"), rule, f"{len(given)}", "Give one number per axis, or one number for all axes."
        )


def _check_budget(notes: ProblemList, experiment: Experiment, landscape: Landscape, space: Space) -> None:
    """Report a budget that cannot pay for one row of each member of a team."""
    budget = experiment.budget_for(space.dimension)
    for name, strategy in experiment.strategies.items():
        try:
            needed = sum(agent.row_price(space) for _, agent in strategy.team)
        except Refusal as error:
            notes.report_message(("strategies", name), str(error))
            continue
        except Exception as error:
            # The words of an agent in a sandbox say what its own process raised.
            got = error if isinstance(error, AgentError) else f"{type(error).__name__}: {error}"
            notes.report_message(
                ("strategies", name), f"agents must have a row price, got {got}. Correct row_price of the class."
            )
            continue
        if budget < needed:
            rule = f"be at least {needed}, one row for each agent of {name} on {landscape.label}"
            notes.report(("budget",), rule, quote(experiment.budget), "Raise it, or make the team smaller.")
