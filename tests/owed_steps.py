"""The steps of scenario files on what customers are owed, as commands."""

from owed import COMMUNICATION


def owed_command(verb: str, names: list[str], fields: dict, text: str) -> dict | None:
    """A step as a command, without its moment; None where it is none of these. `text` is the block below the step."""
    if verb == "communication":
        return {"do": "put_communication", "rules": None} if names == ["off"] else COMMUNICATION | fields
    if verb == "pack":
        return {"do": "put_pack", "pack": names[0], "text": None if names[1:] == ["none"] else text}
    if verb == "answer":
        return _answer(names, fields)
    if verb == "send":
        return {"do": "send_notice", "order": names[0], **fields}
    if verb == "suppress":
        return {"do": "suppress_notice", "order": names[0], "reason": " ".join(names[1:]), "by": "kim", **fields}
    if verb == "notice":  # how one arrived
        order, number = names[0].split("/")
        return {"do": "record_notice", "order": order, "notice": int(number), "became": names[1]}
    if verb == "deliver":
        return {"do": "record_delivery", "shipment": names[0]}
    if verb == "refund":
        order, _, number = names[0].partition("/")
        body = {"order": order, "form": "same_method", **({"refund": int(number)} if number else {})}
        return {"do": "record_refund", **body, **fields}
    return None


def _answer(names: list[str], fields: dict) -> dict:
    """`answer ada wait`, with a day where they say one; `answer ada/1 cancel` is on one line."""
    order, _, line = names[0].partition("/")
    day = {"until": names[2]} if len(names) > 2 else {}
    lines = {"lines": [line]} if line else {}
    said = {"order": order, "answer": names[1], "by": order, "means": "link", **lines, **day, **fields}
    return {"do": "answer_notice", **said}
