"""Rule packs: the law of each place as data. `backorder.kernel.rules` reads them."""
