# SPDX-License-Identifier: LicenseRef-NIA-Proprietary
"""What calls cost according to genai-prices, which is no source of a price on which the other two agree: the table that `cargo test -p models` holds
our arithmetic and our prices to. Run once per catalogue:

    PYTHONPATH=.cache/catalogue/genai-prices-0.2.3 python3 scripts/catalogue/oracle.py > crates/models/tests/cost/oracle.csv
"""

import json
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices, Usage

CATALOGUE = Path(__file__).parents[2] / "crates/models/catalogue.json"
PROVIDERS = {"xai": "x-ai"}
# Tokens read from a cache, written to one, written for an hour, and neither; then those of the answer.
CALLS = {
    "plain": (0, 0, 0, 1_234, 567),
    "cached": (10_001, 0, 0, 333, 89),
    "written": (2_000, 4_099, 0, 17, 1_000),
    "hour": (0, 1_024, 2_049, 5, 3),
    "long": (150_000, 0, 0, 200_007, 4_001),
}


def knows(model, prices, call):
    """Whether both have a price for each token of the call, and the call fits the model."""
    read, written, hour, neither, output = CALLS[call]
    used = [prices.input_mtok, prices.output_mtok]
    used += [prices.cache_read_mtok] if read else []
    used += [prices.cache_write_mtok] if written else []
    used += [prices.cache_write_1h_mtok] if hour else []
    # OpenRouter's moving prices are unknown to us, and what it divides by three has no end.
    settled = model["provider"] != "openrouter" or "input" in model["prices"]
    return (
        settled
        and all(price is not None and exact(price) for price in used)
        and (call != "long" or isinstance(prices.input_mtok, TieredPrices))
        and read + written + hour + neither + output <= model["context"]
    )


def exact(price):
    base = price.base if isinstance(price, TieredPrices) else price
    return base == round(base, 6)


def main():
    catalogue = json.loads(CATALOGUE.read_text())
    day = datetime.fromisoformat(catalogue["day"] + "T12:00:00+00:00")
    providers = {provider.id: provider for provider in get_snapshot().providers}
    print("provider,model,batch,cacheRead,cacheWrite,cacheWriteHour,neither,output,dollars")
    for model in catalogue["models"]:
        provider = providers[PROVIDERS.get(model["provider"], model["provider"])]
        info = provider.find_model(model["id"])
        if info is None:
            continue
        ways = [False]
        if model.get("batch") and any(variant.when == {"processing": "batch"} for variant in info.price_variants or ()):
            ways.append(True)
        for batch in ways:
            prices = info.get_prices(day, {"processing": "batch"} if batch else None)
            for call, (read, written, hour, neither, output) in CALLS.items():
                if not knows(model, prices, call):
                    continue
                reported = {"input_tokens": read + written + hour + neither, "output_tokens": output}
                reported |= {"cache_read_tokens": read} if read else {}
                reported |= {"cache_write_tokens": written + hour} if written + hour else {}
                reported |= {"cache_write_1h_tokens": hour} if hour else {}
                dollars = prices.calc_price(Usage(**reported))["total_price"]
                text = format(Decimal(dollars).normalize(), "f")
                print(model["provider"], model["id"], int(batch), read, written, hour, neither, output, text, sep=",")


sys.exit(main())
