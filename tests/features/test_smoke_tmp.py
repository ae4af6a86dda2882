from backorder.queries import check


def test_check(db):
    assert check.run(db) == []
