"""PLACEHOLDER for the planner of branch kernel: serves every segment that is not skipped by ranking alone."""

from typing import Any, NamedTuple

from backorder.kernel.backlog import Backlog, Pegs
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import line_day, take
from backorder.kernel.ranking import ranked
from backorder.kernel.segments import Policy

OUTCOMES = ("gained", "lost", "moved", "unchanged", "frozen", "skipped", "unmatched", "held", "left")


class Violation(NamedTuple):
    row: int
    rule: str
    wanted: int
    got: int
    by: int


class Plan(NamedTuple):
    segment: Any
    fallen: Any
    day_before: Any
    day_after: Any
    units_before: Any
    units_after: Any
    before: Pegs
    after: Pegs
    outcome: Any
    served: Any
    violations: list
    free: Any
    stopped: bool
    settled: bool


def _match(backlog: Backlog, policy: Policy, row: int) -> int:
    for n, segment in enumerate(policy.segments):
        f = segment.filter
        ok = True
        for name in ("tier", "sku", "order", "customer"):
            wanted = getattr(f, name)
            if wanted is not None:
                w = getattr(backlog, name)
                ok = ok and w.words[w.code[row]] in wanted
        if ok:
            return n
    return -1


def plan(backlog: Backlog, policy: Policy, fallback: Policy | None = None) -> Plan:
    n = len(backlog.need)
    segment = [_match(backlog, policy, i) for i in range(n)]
    free = list(backlog.supply.free)
    pegs = backlog.pegs
    held = [[(pegs.supply[p], pegs.units[p]) for p in range(pegs.first[i], pegs.first[i + 1])] for i in range(n)]
    al = backlog.allocated
    kept = [[(al.supply[p], al.units[p], al.day[p]) for p in range(al.first[i], al.first[i + 1])] for i in range(n)]

    def day(i, held, left):
        last = max([backlog.supply.day[s] for s, _ in held], default=0)
        return line_day(
            last,
            left,
            backlog.lead[i] if left or held else NEVER,
            backlog.floor[i],
            max([d for _, _, d in kept[i]], default=backlog.firm[i]),
        )

    part = [
        i
        for i in range(n)
        if segment[i] >= 0
        and policy.segments[segment[i]].strategy != "skip"
        and not backlog.frozen[i]
        and not backlog.held[i]
    ]
    before = [day(i, held[i], backlog.need[i] - sum(u for _, u in held[i])) for i in range(n)]
    had = [sum(u for _, u in held[i]) + sum(u for _, u, _ in kept[i]) for i in range(n)]
    after, new = list(before), [list(h) for h in held]
    for i in part:
        for s, u in held[i]:
            free[s] += u
    served = []
    for k, seg in enumerate(policy.segments):
        mine = ranked(backlog, seg.ranking or policy.ranking, policy.tiers, [i for i in part if segment[i] == k])
        for i in mine:
            served.append(i)
            g = backlog.group[i]
            room = backlog.supply.first[g + 1] - backlog.supply.first[g]
            a, b = [0] * room, [0] * room
            left = backlog.need[i]
            m = 0
            if seg.strategy != "lose":
                m, left, _ = take(
                    backlog.supply.candidates,
                    backlog.supply.day,
                    free,
                    backlog.supply.kept,
                    backlog.supply.first[g],
                    backlog.supply.first[g + 1],
                    left,
                    0,
                    a,
                    b,
                    0,
                )
            new[i] = list(zip(a[:m], b[:m]))
            after[i] = day(i, new[i], left)
            if after[i] == NEVER and backlog.lead_anew[i] < NEVER:
                after[i] = backlog.lead_anew[i]
    has = [sum(u for _, u in new[i]) + sum(u for _, u, _ in kept[i]) for i in range(n)]
    outcome = []
    for i in range(n):
        if segment[i] < 0:
            w = "unmatched"
        elif i not in set(part):
            w = "held" if backlog.held[i] else "skipped"
        elif after[i] < before[i] or has[i] > had[i]:
            w = "gained"
        elif after[i] > before[i] or has[i] < had[i]:
            w = "lost"
        else:
            w = "unchanged" if sorted(new[i]) == sorted(held[i]) else "moved"
        outcome.append(OUTCOMES.index(w))

    def csr(rows):
        first, ps, pu = [0], [], []
        for row in rows:
            for s, u in row:
                ps.append(s)
                pu.append(u)
            first.append(len(ps))
        return Pegs(first, ps, pu)

    had, has = ([sum(u for _, u in row) for row in rows] for rows in (held, new))
    return Plan(segment, [0] * n, before, after, had, has, csr(held), csr(new), outcome, served, [], free, False, True)
