"""Fields that not everybody may read."""

from msgspec import Meta


def only_with(permission: str, instead: str = "null") -> Meta:
    """Marks a field of what is read: whoever lacks the permission gets the field's default in its place."""
    words = {"description": f"Only with `{permission}`, else {instead}."}
    return Meta(extra={"permission": permission}, extra_json_schema=words)
