"""Cut the tests' import files from the Northwind sample database: its open orders, products, customers, suppliers.

    python tools/cut_northwind.py northwind.sql.gz tests/adapters/import_files

Northwind is a sample of Microsoft's under the Ms-PL (pthom/northwind_psql). Orders are joined with their lines, as a
query would export them; ten shipped ones stay among them to be left out. Prices, floats in the dump, get two decimals.
"""

import csv
import gzip
import re
import sys
from pathlib import Path

TABLES = ("orders", "order_details", "products", "customers", "suppliers")


def main(source: str, folder: str) -> None:
    """Write the files."""
    with gzip.open(source, "rt", encoding="utf-8") as file:
        text = file.read()
    tables = {name: rows(text, name) for name in TABLES}
    details: dict[str, list[list[str]]] = {}
    for row in tables["order_details"]:
        details.setdefault(row[0], []).append(row)
    still_open = [row for row in tables["orders"] if not row[5]]
    chosen = tables["orders"][:10] + still_open
    head = "order_id customer_id order_date required_date shipped_date ship_region ship_country product_id unit_price quantity"
    lines = [
        [*row[:2], *row[3:6], row[11], row[13], detail[1], f"{float(detail[2]):.2f}", detail[3]]
        for row in chosen
        for detail in details[row[0]]
    ]
    target = Path(folder)
    write(target / "northwind_orders.csv", head, lines)
    head = "product_id product_name supplier_id category_id unit_price units_in_stock units_on_order reorder_level"
    products = [[*row[:4], f"{float(row[5]):.2f}", *row[6:9]] for row in tables["products"]]
    write(target / "northwind_products.csv", head, products)
    write(
        target / "northwind_customers.csv",
        "customer_id company_name region country",
        [[row[0], row[1], row[6], row[8]] for row in tables["customers"]],
    )
    write(target / "northwind_suppliers.csv", "supplier_id company_name", [row[:2] for row in tables["suppliers"]])


def rows(text: str, name: str) -> list[list[str]]:
    """The rows of a table in the dump; NULL is empty."""
    found = re.findall(rf"^INSERT INTO {name} VALUES \((.*)\);$", text, re.MULTILINE)
    return [values(body) for body in found]


def values(body: str) -> list[str]:
    """The values of one INSERT."""
    found = re.findall(r"'((?:[^']|'')*)'|([^',\s][^,]*)", body)
    return [quoted.replace("''", "'") if not plain else plain.replace("NULL", "") for quoted, plain in found]


def write(path: Path, head: str, body: list[list[str]]) -> None:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split())
        writer.writerows(body)


if __name__ == "__main__":
    main(*sys.argv[1:3])
