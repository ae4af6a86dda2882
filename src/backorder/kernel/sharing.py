"""Dividing scarce supply: proportionally, by the largest smallest fraction, or equally; always in whole units.

Plain loops over columns, like `pegging`. A pot is a list of rows in the order of their ranking, which breaks every
tie. Each supply is divided by itself among the rows that may use it and still need units: stock first, then by ship
day and supply. `got` counts what a row has had so far, what was allocated to it before included.
"""

from typing import NamedTuple

from backorder.kernel.pegging import Column, Supply

PARTS = (
    "groups_of_supplies",
    "share_room",
    "collect",
    "share_pot",
    "share_supply",
    "divide",
    "proportionally",
    "by_fraction",
    "equally",
    "units_below",
    "pick",
    "cut",
)

STRICT, PROPORTIONAL, MAX_MIN, EQUAL = range(4)
RULES = ("strict", "proportional", "max_min", "equal")
SCALE = 2**31  # fractions are first told apart by their 2^31sts, then by those of a 2^31st


class Pot(NamedTuple):
    """Who shares, by item: the rows of item k stand from `row_first[k]`, its supplies from `supply_first[k]`.

    groups_first, groups: the candidate groups of each supply
    group, reserve: of each row (by row number); left: units it still needs; got: units it has had; all: both together
    stamp: by group, a column of -1 to work with; members, give, key, key2: room for as many rows as an item has
    """

    row_first: Column
    row: Column
    supply_first: Column
    supply: Column
    groups_first: Column
    groups: Column
    group: Column
    reserve: Column
    left: Column
    got: Column
    stamp: Column
    members: Column
    give: Column
    key: Column
    key2: Column


def groups_of_supplies(first: Column, candidates: Column, groups_first: Column, groups: Column) -> None:
    """The candidate groups of each supply; `groups_first` comes as zeros, one more than there are supplies."""
    for c in candidates:
        groups_first[c + 1] += 1
    for s in range(1, len(groups_first)):
        groups_first[s] += groups_first[s - 1]
    for g in range(len(first) - 1):
        for c in range(first[g], first[g + 1]):
            s = candidates[c]
            groups[groups_first[s]] = g
            groups_first[s] += 1
    for s in range(len(groups_first) - 1, 0, -1):
        groups_first[s] = groups_first[s - 1]
    groups_first[0] = 0


def share_room(pot: Pot) -> int:
    """How many entries `share_pot` may write."""
    room = 0
    for item in range(len(pot.row_first) - 1):
        most = 2 * (pot.row_first[item + 1] - pot.row_first[item])  # of a supply, and of the safety stock in it
        most *= pot.supply_first[item + 1] - pot.supply_first[item]
        units = 0
        for p in range(pot.row_first[item], pot.row_first[item + 1]):
            units += pot.left[pot.row[p]]
        room += min(units, most)
    return room


def collect(
    order: Column,
    n: int,
    entry_row: Column,
    entry_supply: Column,
    entry_units: Column,
    place: Column,
    first: Column,
    supply: Column,
    units: Column,
) -> None:
    """Entries (row, supply, units) as the pegs of rows in their order; `place` is a column of zeros, by row."""
    for e in range(n):
        place[entry_row[e]] += 1
    end = 0
    for k, i in enumerate(order):
        first[k] = end
        end += place[i]
        place[i] = first[k]
    first[len(order)] = end
    for e in range(n):
        p = place[entry_row[e]]
        supply[p] = entry_supply[e]
        units[p] = entry_units[e]
        place[entry_row[e]] += 1


def share_pot(pot: Pot, supply: Supply, rule: int, out_row: Column, out_supply: Column, out_units: Column) -> int:
    """Divide every supply of the pot's items. Returns how many entries (row, supply, units) it wrote."""
    n = 0
    for item in range(len(pot.row_first) - 1):
        if pot.row_first[item] < pot.row_first[item + 1]:
            for q in range(pot.supply_first[item], pot.supply_first[item + 1]):
                s = pot.supply[q]
                if supply.free[s] > 0:
                    n = share_supply(pot, supply, item, s, rule, out_row, out_supply, out_units, n)
    return n


def share_supply(
    pot: Pot,
    supply: Supply,
    item: int,
    s: int,
    rule: int,
    out_row: Column,
    out_supply: Column,
    out_units: Column,
    n: int,
) -> int:
    """Divide one supply: first what is no safety stock, then the safety stock among those who may use it freely."""
    members, give, left, got = pot.members, pot.give, pot.left, pot.got
    for p in range(pot.groups_first[s], pot.groups_first[s + 1]):
        pot.stamp[pot.groups[p]] = s
    for reserved in range(2):
        units = supply.free[s] - (supply.kept[s] if not reserved else 0)
        if units <= 0 or (reserved and not supply.kept[s]):
            continue
        k = 0
        for p in range(pot.row_first[item], pot.row_first[item + 1]):
            i = pot.row[p]
            if left[i] > 0 and pot.stamp[pot.group[i]] == s and (pot.reserve[i] or not reserved):
                members[k] = i
                give[k] = 0
                k += 1
        divide(pot, k, units, rule)
        for m in range(k):
            if give[m] > 0:
                i = members[m]
                left[i] -= give[m]
                got[i] += give[m]
                supply.free[s] -= give[m]
                out_row[n] = i
                out_supply[n] = s
                out_units[n] = give[m]
                n += 1
    return n


def divide(pot: Pot, k: int, units: int, rule: int) -> None:
    """Set what each of the first k members is given of some units."""
    needed = 0
    for m in range(k):
        needed += pot.left[pot.members[m]]
    if units >= needed:
        for m in range(k):
            pot.give[m] = pot.left[pot.members[m]]
    elif rule == PROPORTIONAL:
        proportionally(pot, k, units, needed)
    elif rule == MAX_MIN:
        by_fraction(pot, k, units)
    else:
        equally(pot, k, units)


def proportionally(pot: Pot, k: int, units: int, needed: int) -> None:
    """By what each still needs: the whole part of its quota, then one more to the largest remainders."""
    over = units
    for m in range(k):
        share = units * pot.left[pot.members[m]]
        pot.give[m] = share // needed
        over -= pot.give[m]
        pot.key[m] = needed - share % needed
        pot.key2[m] = 0
        if share % needed == 0:
            pot.key[m] = -1  # its quota is whole: it gets no more
    pick(pot, k, over)


def by_fraction(pot: Pot, k: int, units: int) -> None:
    """So that the smallest fraction of its units that anybody has had is as large as it can be, then the next.

    Unit by unit, the next would go to whoever has had the smallest fraction so far, of these to the one that gains
    most by it, that is the smallest line. All units below a level are given at once, and those at the level so.
    """
    low = 0
    high = SCALE
    while high - low > 1:  # the largest level (in SCALEths) below which no more units lie than there are
        level = (low + high) // 2
        if units_below(pot, k, level) <= units:
            low = level
        else:
            high = level
    over = units
    for m in range(k):
        i = pot.members[m]
        whole = pot.left[i] + pot.got[i]
        reached = (low * whole + SCALE - 1) // SCALE - pot.got[i]
        if reached > pot.left[i]:
            reached = pot.left[i]
        if reached > 0:
            pot.give[m] = reached
            over -= reached
        past = (pot.got[i] + pot.give[m]) * SCALE - low * whole
        pot.key[m] = -1
        if pot.give[m] < pot.left[i] and past < whole:
            pot.key[m] = past * SCALE // whole
        pot.key2[m] = whole
    pick(pot, k, over)


def units_below(pot: Pot, k: int, level: int) -> int:
    """How many units would be given while the one who gets it has had a fraction below level / SCALE."""
    count = 0
    for m in range(k):
        i = pot.members[m]
        reached = (level * (pot.left[i] + pot.got[i]) + SCALE - 1) // SCALE - pot.got[i]
        if reached > pot.left[i]:
            reached = pot.left[i]
        if reached > 0:
            count += reached
    return count


def equally(pot: Pot, k: int, units: int) -> None:
    """So that the fewest units that anybody has had are as many as they can be; none gets more than it needs."""
    low = 0
    high = 1
    for m in range(k):
        i = pot.members[m]
        if pot.got[i] + pot.left[i] >= high:
            high = pot.got[i] + pot.left[i] + 1
    while high - low > 1:
        level = (low + high) // 2
        count = 0
        for m in range(k):
            i = pot.members[m]
            more = level - pot.got[i]
            if more > pot.left[i]:
                more = pot.left[i]
            if more > 0:
                count += more
        if count <= units:
            low = level
        else:
            high = level
    over = units
    for m in range(k):
        i = pot.members[m]
        more = low - pot.got[i]
        if more > pot.left[i]:
            more = pot.left[i]
        if more > 0:
            pot.give[m] = more
            over -= more
        pot.key[m] = 0 if pot.got[i] + pot.give[m] == low and pot.give[m] < pot.left[i] else -1
        pot.key2[m] = 0
    pick(pot, k, over)


def pick(pot: Pot, k: int, units: int) -> None:
    """Give one unit more to those with the smallest (key, key2, rank); a member with a negative key gets none."""
    key, key2, give = pot.key, pot.key2, pot.give
    if units <= 0:
        return
    level = cut(key, key, -1, k, units)
    for m in range(k):
        if 0 <= key[m] < level:
            give[m] += 1
            units -= 1
    second = cut(key2, key, level, k, units)
    for m in range(k):
        if key[m] == level and key2[m] < second:
            give[m] += 1
            units -= 1
    for m in range(k):
        if units > 0 and key[m] == level and key2[m] == second:
            give[m] += 1
            units -= 1


def cut(values: Column, key: Column, only: int, k: int, units: int) -> int:
    """The largest value below which lie those of at most `units` members.

    Members count whose key is `only`, or with -1 all whose key is not negative.
    """
    low = 0
    high = 2
    for m in range(k):
        if values[m] + 2 > high:
            high = values[m] + 2
    while high - low > 1:
        value = (low + high) // 2
        count = 0
        for m in range(k):
            if values[m] < value and (key[m] == only or (only < 0 <= key[m])):
                count += 1
        if count <= units:
            low = value
        else:
            high = value
    return low
