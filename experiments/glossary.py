"""The terms of the package, in one place: the documentation, reports and the studio's page show these words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TERMS: Mapping[str, str] = MappingProxyType(
    {
        "landscape": "the loss to be minimised over a box. It evaluates batches of points; it may have gradients, and "
        "may know its minimum (for reports only)",
        "space": "what an agent may know of a landscape: dimension, bounds, kinds of axes, where searches start, "
        "whether gradients exist and what one costs, how many units an evaluation has",
        "agent": "an optimizer. It proposes points and receives their losses; it never evaluates",
        "region": "center and radius, in the unit cube: where an agent is asked to search",
        "incumbent": "the best point known, shared through leases",
        "lease": "permission for one agent to spend a number of evaluations in a region, with the incumbent and a "
        'reason. It is "out" from its grant until its finding is collected',
        "archive": "all points found so far. An agent may read it up to the position that its lease states",
        "finding": "the result of a lease: the points tried, their losses, what was charged, and why the lease ended",
        "policy": "decides leases from the state of the run; a pure function that gives a reason for each lease",
        "team": "the agents of one run; a strategy is a team and its policy, and is what reports compare",
        "executor": "where leases are worked: simulated (this process) or ray (one actor per agent)",
        "event, log": "an event is one thing that happened; the log holds the events in order, and is the only durable "
        "state. A run's state is the fold of its events",
        "run": "one strategy on one landscape with one seed; an experiment is landscapes x strategies x repeats",
    }
)
"""Terms and their meanings, without markup."""

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "agents": "The kinds of the team are assigned to the agents in turn.",
        "grid_size": "A grid agent tries this many points along each axis. More points see finer valleys, and cost "
        "more.",
        "radius": "How far around the start the search looks at first: half of the side of the region. 0.5 is "
        "everywhere.",
        "shrink": "Ratio of each radius to the one before.",
        "sharing": "Whether an agent's best point is handed to the others.",
        "policy": "The rules that decide who searches where, and for how long. "
        '"composed" is made of the choices below.',
        "budget_policy": 'How evaluations are divided: "bandit" gives more to agents that have found improvements.',
        "radius_policy": 'How the region changes: "shrink" makes it smaller with each lease.',
        "lease": "How many evaluations an agent may spend before the next decision about it.",
        "budget": "How many points may be tried, by all agents together. Both sides of a comparison get the same.",
        "seed": "All random numbers follow from it: the same seed gives the same run.",
    }
)
"""The settings of the playground, each in a sentence or two."""
