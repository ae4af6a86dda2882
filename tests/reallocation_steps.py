"""The steps of scenario files on reallocation, as commands."""

_WORDS = {"tier", "customer", "channel", "sku", "order", "state", "tags", "region"}


def reallocation_command(verb: str, names: list[str], fields: dict, text: str) -> dict | None:
    """A step as a command, without its moment; None where it is none of these. `text` is the block below the step."""
    if verb == "policy":
        segments = [_segment(line) for line in text.splitlines() if line.strip()]
        return {"do": "put_policy", "policy": names[0], "segments": segments, **fields}
    if verb == "reallocate":
        return {"do": "reallocate", "run": names[0], "policy": names[1], **fields}
    if verb in {"commit", "undo"}:
        return {"do": f"{verb}_plan", "run": names[0]}
    return None


def _segment(line: str) -> dict:
    """A segment: `name: strategy customer=vip,gold ranking=-id,wait minimum=2/30 sharing=equal`."""
    name, rest = line.split(":", 1)
    strategy, *more = rest.split()
    segment: dict = {"name": name.strip(), "strategy": strategy, "filter": {}}
    for word in more:
        key, value = word.split("=", 1)
        if key in _WORDS:
            segment["filter"][key] = value.split(",")
        elif key == "ranking":
            segment[key] = value.split(",")
        elif key in {"minimum", "maximum"}:
            units, days = value.split("/")
            segment[key] = {"units": int(units), "days": int(days)}
        else:
            segment[key] = value
    return segment
