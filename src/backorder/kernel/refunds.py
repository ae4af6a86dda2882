"""How much has to go back to a customer whose order, or part of it, was cancelled. Amounts are minor units."""

from backorder.kernel.cases import Case


def amount_due(case: Case) -> int | None:
    """What was paid and is neither kept for what remains nor owed back already; None where prices are not known.

    Nothing left of the order: everything that was paid, shipping included. Something left: what was paid less what the
    customer would have paid for that alone (FTC Business Guide on 16 CFR 435.1): its lines, the whole shipping, and of
    tax and discount the part that its value has of the whole, rounded in the customer's favour. The whole is what the
    order was placed with: lines that joined it later, in another's place or besides, make no tax or discount more.
    """
    head = case.head
    if not head.paid:
        return 0
    left = {line.line: line.quantity - line.cancelled for line in case.lines}
    if not any(left.values()):
        kept = 0
    elif any(line.price is None for line in case.lines):
        return None
    else:
        value = sum((line.price or 0) * left[line.line] for line in case.lines)
        whole = sum((line.price or 0) * line.quantity for line in case.lines if line.line not in case.joined)
        part = min(value, whole)
        tax = head.tax * part // whole if whole else 0
        discount = -(-head.discount * part // whole) if whole else 0
        kept = max(0, value + head.shipping + tax - discount)
    owed = [refund.amount if refund.refunded is None else refund.refunded for refund in case.refunds]
    return max(0, head.paid - kept - sum(amount or 0 for amount in owed))
