"""Cut the distribution of suppliers' lateness from the raw SCMS delivery history.

    python tools/cut_lateness.py SCMS_Delivery_History_Dataset.csv.gz src/backorder/adapters/cli/demo_data

The set is US government open data (USAID, "Supply Chain Shipment Pricing Data"). Only deliveries from the regional
distribution centres count: for direct drops the scheduled date was revised after the fact, so that it is no promise.
Lateness is delivered minus scheduled, in days. Written: how many shipments had each lateness from -30 to 60 days, one
count per shipment and not per line, because lines of one shipment move together.
"""

import csv
import gzip
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

EARLIEST, LATEST = -30, 60


def main(raw: str, folder: str) -> None:
    """Write lateness.csv and say how much was used."""
    with gzip.open(raw, "rt", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    shipments = {row["ASN/DN #"]: row for row in rows if row["Fulfill Via"] == "From RDC"}
    days = Counter(
        (_day(row["Delivered to Client Date"]) - _day(row["Scheduled Delivery Date"])).days
        for row in shipments.values()
    )
    kept = {day: count for day, count in sorted(days.items()) if EARLIEST <= day <= LATEST}
    target = Path(folder) / "lateness.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = ["lateness_days,shipments", *(f"{day},{count}" for day, count in kept.items())]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} lines, {len(shipments)} shipments, {sum(kept.values())} between {EARLIEST} and {LATEST} days")


def _day(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%d-%b-%y")  # noqa: DTZ007  # a day without a time


if __name__ == "__main__":
    main(*sys.argv[1:])
