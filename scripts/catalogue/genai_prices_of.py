# SPDX-License-Identifier: LicenseRef-NIA-Proprietary
"""What genai-prices knows of the models named on stdin, as JSON on stdout: its third vote.

    python genai_prices_of.py 2026-10-30T12:00:00Z < [["openai", "gpt-5.5"], ...]
"""

import json
import sys
from datetime import datetime

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cacheRead": "cache_read_mtok",
    "cacheWrite": "cache_write_mtok",
    "cacheWriteHour": "cache_write_1h_mtok",
}


def decimal(value):
    # To the millionth of a dollar per million tokens, as the catalogue counts.
    text = format(round(value, 6), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rates(price):
    """A rate beyond a number of input tokens is called `input@272000`."""
    found = {}
    for name, key in FIELDS.items():
        value = getattr(price, key)
        if isinstance(value, TieredPrices):
            found[name] = decimal(value.base)
            found.update({f"{name}@{tier.start}": decimal(tier.price) for tier in value.tiers})
        elif value is not None:
            found[name] = decimal(value)
    return found


def main():
    day = datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00"))
    providers = {provider.id: provider for provider in get_snapshot().providers}
    answers = {}
    for provider, model in json.load(sys.stdin):
        info = providers[provider].find_model(model)
        if info is None:
            continue
        found = rates(info.get_prices(day))
        batch = any(variant.when == {"processing": "batch"} for variant in info.price_variants or ())
        if batch:
            found.update({f"batch.{name}": value for name, value in rates(info.get_prices(day, {"processing": "batch"})).items()})
        answers[f"{provider} {model}"] = found
    json.dump(answers, sys.stdout)


main()
