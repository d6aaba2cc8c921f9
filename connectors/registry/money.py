"""What the registry says of money: the currency that is reported in, and what the others were worth in it."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from connectors.registry.entry import Entry, Problem
from connectors.registry.glossary import Text

# ISO 4217, list one, without funds, metals and the codes for tests.
CODES = frozenset((
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC",
    "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
    "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR",
    "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK",
    "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE",
    "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD",
    "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF",
    "XPF", "YER", "ZAR", "ZMW", "ZWG",
))  # fmt: skip


def _known_currency(code: str) -> str:
    if code not in CODES:
        raise ValueError(f"`{code}` is no currency; write its code of ISO 4217, such as EUR")
    return code


Currency = Annotated[Text, AfterValidator(_known_currency)]
# Of an organisation that does not say its own; stg_registry__organisation holds the same.
DEFAULT_HOME_CURRENCY = "USD"


class ExchangeRate(Entry):
    """From the day `from` on one unit of `currency` is worth `rate` units of the home currency, until its next rate."""

    valid_from: date = Field(alias="from")
    currency: Currency
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]


def rate_problems(rates: Sequence[ExchangeRate], home_currency: str) -> Iterator[Problem]:
    """Rates that say nothing, or two things of one day."""
    seen: set[tuple[str, date]] = set()
    for number, each in enumerate(rates):
        if each.currency == home_currency:
            yield "exchange_rates", number, f"`{each.currency}` is the home currency: it needs no rate."
        if (each.currency, each.valid_from) in seen:
            what = f"`{each.currency}` has another rate from {each.valid_from} on: a day has one."
            yield "exchange_rates", number, what
        seen.add((each.currency, each.valid_from))
