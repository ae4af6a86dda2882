"""An example of every kind of event, for the reference: its subject and its data.

They happened: `tests/features/test_event_examples.py` lets each of them happen again, word for word.
"""

EXAMPLES = {
    "order_placed": (
        "orders/O-1",
        '{"outcome":"accepted","subject":"O-1","lines":[{"line":"1","sku":"CHAIR","outcome":"accepted","state":"part_ready","quantity":6,"promise":"2026-12-07","basis":"inbound","parts":[{"quantity":3,"ships_on":"2026-12-01","basis":"stock","supply":"stock/OTHER/CHAIR"},{"quantity":3,"ships_on":"2026-12-07","basis":"inbound","supply":"P-1"}]}]}',
    ),
    "order_changed": ("orders/O-2", '{"outcome":"changed","subject":"O-2"}'),
    "lines_added": (
        "orders/O-2",
        '{"outcome":"accepted","subject":"O-2","lines":[{"line":"2","sku":"CHAIR","outcome":"accepted","state":"waiting","quantity":1,"promise":"2026-12-07","basis":"lead_time","parts":[{"quantity":1,"ships_on":"2026-12-07","basis":"lead_time","supply":null}]}]}',
    ),
    "line_changed": (
        "orders/O-2",
        '{"outcome":"changed","subject":"O-2","lines":[{"line":"1+1","sku":"CHAIR","outcome":"accepted","state":"waiting","quantity":2,"promise":"2026-12-21","basis":"lead_time","parts":[{"quantity":2,"ships_on":"2026-12-07","basis":"lead_time","supply":null}]}],"quantity":7}',
    ),
    "line_cancelled": ("orders/O-2", '{"outcome":"cancelled","subject":"O-2","quantity":2}'),
    "line_promised": ("orders/O-2", '{"outcome":"changed","subject":"O-2","day":"2026-12-24"}'),
    "promise_moved": (
        "orders/O-1",
        '{"line":"1","from":"2026-12-07","to":"2026-12-01","cause":"adjusted","basis":"stock","supply":"stock/OTHER/CHAIR"}',
    ),
    "line_ready": ("orders/O-1", '{"line":"1","sku":"CHAIR","quantity":5}'),
    "order_held": ("orders/O-3", '{"outcome":"changed","subject":"O-3"}'),
    "order_released": ("orders/O-3", '{"outcome":"changed","subject":"O-3"}'),
    "lines_picked": ("orders/O-1", '{"outcome":"changed","subject":"O-1"}'),
    "lines_unpicked": ("orders/O-1", '{"outcome":"changed","subject":"O-1"}'),
    "order_shipped": ("orders/O-1", '{"outcome":"shipped","subject":"S-0","order":"O-1"}'),
    "shipment_reversed": ("orders/O-1", '{"outcome":"changed","subject":"S-0","order":"O-1"}'),
    "order_delivered": ("orders/O-1", '{"outcome":"changed","subject":"S-0","order":"O-1"}'),
    "supply_announced": ("supplies/P-1", '{"outcome":"accepted","subject":"P-1","day":"2026-12-07"}'),
    "supply_confirmed": ("supplies/P-1", '{"outcome":"changed","subject":"P-1","day":"2026-12-07"}'),
    "supply_rescheduled": ("supplies/P-1", '{"outcome":"rescheduled","subject":"P-1","day":"2026-12-15"}'),
    "supply_received": ("supplies/P-1", '{"outcome":"received","subject":"P-1","quantity":7}'),
    "supply_cancelled": ("supplies/P-1", '{"outcome":"cancelled","subject":"P-1","quantity":5}'),
    "stock_changed": ("items/CHAIR", '{"outcome":"changed","subject":"CHAIR","quantity":3}'),
    "item_put": ("items/CHAIR", '{"outcome":"accepted","subject":"CHAIR"}'),
    "site_put": ("sites/OTHER", '{"outcome":"accepted","subject":"OTHER"}'),
    "supplier_put": ("suppliers/ACME", '{"outcome":"accepted","subject":"ACME"}'),
    "policy_put": ("categories/seats", '{"outcome":"accepted","subject":"seats"}'),
    "notice_sent": ("orders/N-2", '{"notice":1,"kind":"short","means":"email","answer_by":"2026-12-15"}'),
    "notice_suppressed": (
        "orders/N-1",
        '{"outcome":"changed","subject":"N-1","quantity":1,"message":"the law wants it told before 2026-12-08 00:00 UTC: if it is not, what has not shipped is cancelled"}',
    ),
    "notice_recorded": ("orders/N-2", '{"outcome":"changed","subject":"N-2","quantity":1}'),
    "notice_bounced": ("orders/N-2", '{"notice":1,"kind":"short"}'),
    "notice_answered": ("orders/N-2", '{"outcome":"answered","subject":"N-2"}'),
    "order_lapsed": ("orders/O-1", '{"line":"1","quantity":6,"cause":"missed"}'),
    "refund_due": ("orders/N-1", '{"refund":1,"amount":500,"by":"2026-12-28","cause":"missed"}'),
    "refund_overdue": ("orders/N-1", '{"refund":1,"amount":500,"by":"2026-12-28","cause":"missed"}'),
    "refund_recorded": ("orders/N-3", '{"refund":1,"amount":500,"form":"same_method"}'),
    "communication_put": ("shop/shop", '{"outcome":"changed"}'),
    "pack_put": ("packs/ours", '{"outcome":"accepted","subject":"ours"}'),
    "webhook_put": ("webhooks/shop", '{"outcome":"accepted","subject":"shop"}'),
    "webhook_enabled": ("webhooks/off", '{"outcome":"changed","subject":"off"}'),
    "webhook_disabled": ("webhooks/off", '{"outcome":"changed","subject":"off","message":"a person said so"}'),
    "webhook_tested": ("webhooks/on", '{"outcome":"accepted","subject":"on"}'),
    "database_restored": ("shop/database", "{}"),
    "person_erased": ("customers/erased-000001", '{"outcome":"changed","subject":"erased-000001"}'),
}
