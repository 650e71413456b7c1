// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The price of one token, written in dollars per million tokens.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// What one token costs, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u64);

/// Why a text is not a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is no number.
    #[error("`{0}` is not a price; write dollars per million tokens with at most six decimals, like `0.15`")]
    NotADecimal(String),
    /// It is beyond what anyone would pay.
    #[error("`{0}` dollars per million tokens exceed {max}; prices are given per million tokens, not per token", max = Price::DOLLARS_MAX)]
    TooHigh(String),
}

impl Price {
    /// The dearest price: so much per million tokens.
    pub const DOLLARS_MAX: u64 = 1_000_000;
    const PICOS_PER_DOLLAR: u64 = 1_000_000;
    const DECIMALS: usize = 6;

    /// Pico-dollars per token, which are millionths of a dollar per million tokens.
    pub const fn picos(self) -> u64 {
        self.0
    }
}

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let not_a_decimal = || PriceError::NotADecimal(text.to_owned());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || text.ends_with('.') || !digits(whole) || !digits(decimals) || decimals.len() > Self::DECIMALS {
            return Err(not_a_decimal());
        }
        let dollars = whole.parse().ok().filter(|dollars: &u64| *dollars <= Self::DOLLARS_MAX);
        let dollars = dollars.ok_or_else(|| PriceError::TooHigh(text.to_owned()))?;
        let picos: u64 = format!("{decimals:0<width$}", width = Self::DECIMALS).parse().map_err(|_| not_a_decimal())?;
        Ok(Self(dollars * Self::PICOS_PER_DOLLAR + picos))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, picos) = (self.0 / Self::PICOS_PER_DOLLAR, self.0 % Self::PICOS_PER_DOLLAR);
        let text = format!("{dollars}.{picos:0width$}", width = Self::DECIMALS);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Texts are exact; numbers are what people write, and their shortest text is what they wrote.
struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = Price;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dollars per million tokens, like `0.15`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Price, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<Price, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Price, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<Price, E> {
        self.visit_str(&dollars.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_exactly_and_written_as_they_were() {
        for (text, picos) in [("0", 0), ("4", 4_000_000), ("0.15", 150_000), ("0.003625", 3_625), ("1000000", 1_000_000_000_000)] {
            let price: Price = text.parse().expect(text);
            assert_eq!((price.picos(), price.to_string().as_str()), (picos, text));
            assert_eq!(serde_json::from_str::<Price>(text).expect("a number will do"), price);
            assert_eq!(serde_json::to_string(&price).expect("text"), format!("\"{text}\""));
        }
    }

    #[test]
    fn what_is_no_price_is_told() {
        for text in ["", ".", "1.", ".5", "-1", "1e-7", "0.0000001", "NaN", "1,5", "١"] {
            assert_eq!(text.parse::<Price>(), Err(PriceError::NotADecimal(text.to_owned())));
        }
        for text in ["1000001", "99999999999999999999999"] {
            assert_eq!(text.parse::<Price>(), Err(PriceError::TooHigh(text.to_owned())));
        }
        let error = serde_json::from_str::<Price>("-0.5").expect_err("nobody is paid for tokens");
        assert!(error.to_string().contains("at most six decimals"), "{error}");
    }
}
